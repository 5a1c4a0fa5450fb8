/* The limit is for a kernel that writes core dumps itself; where they are piped to a program it is not asked, and only
 * that the process is not dumpable counts. Both are set, so that neither is trusted alone. */
#include "ledger/process/process.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum error process_hide(struct fault *fault)
{
	const struct rlimit none = {0, 0};
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return fault_set(fault, E_IO, "this process cannot be kept out of core dumps: %m");
	return E_OK;
}

enum error process_harden(struct fault *fault)
{
	TRY(process_hide(fault));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fault_set(fault, E_IO, "this process cannot be kept from gaining rights: %m");
	umask(027);
	return E_OK;
}

bool process_is_kept(void)
{
	return getenv(PROCESS_RESTARTS) != NULL;
}

/* Registers that a compiler does not use by itself for this processor's kind (zmm16 on) are used by the C library's
 * copies, which it chooses at run time: so they are wiped where the processor has them. */
static void wipe_registers(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		__asm__ volatile("vpxord %%zmm16, %%zmm16, %%zmm16; vpxord %%zmm17, %%zmm17, %%zmm17;"
						 "vpxord %%zmm18, %%zmm18, %%zmm18; vpxord %%zmm19, %%zmm19, %%zmm19;"
						 "vpxord %%zmm20, %%zmm20, %%zmm20; vpxord %%zmm21, %%zmm21, %%zmm21;"
						 "vpxord %%zmm22, %%zmm22, %%zmm22; vpxord %%zmm23, %%zmm23, %%zmm23;"
						 "vpxord %%zmm24, %%zmm24, %%zmm24; vpxord %%zmm25, %%zmm25, %%zmm25;"
						 "vpxord %%zmm26, %%zmm26, %%zmm26; vpxord %%zmm27, %%zmm27, %%zmm27;"
						 "vpxord %%zmm28, %%zmm28, %%zmm28; vpxord %%zmm29, %%zmm29, %%zmm29;"
						 "vpxord %%zmm30, %%zmm30, %%zmm30; vpxord %%zmm31, %%zmm31, %%zmm31" ::);
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" ::
							 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
						 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#endif
}

void process_wipe_traces(void)
{
	sodium_stackzero(PROCESS_STACK_WIPED);
	wipe_registers();
}

unsigned process_fit_files(unsigned most, unsigned others)
{
	const rlim_t wanted = (rlim_t)most + others;
	struct rlimit files = {0, 0};
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return files.rlim_cur >= wanted ? most : files.rlim_cur > others ? (unsigned)files.rlim_cur - others : 1;
}
