#include "ingest/pace.h"

bool pace_rests(uint64_t behind_s, uint64_t slice_us, uint64_t rested_us)
{
	uint64_t times = behind_s < PACE_EVEN_S / 2 ? 4 : behind_s < PACE_EVEN_S ? 1 : 0;
	return rested_us < times * slice_us;
}

uint64_t pace_slices_us(uint64_t behind_s, uint64_t ticks_us)
{
	return behind_s < PACE_EVEN_S ? 0 : ticks_us * behind_s * behind_s / (PACE_EVEN_S * PACE_EVEN_S);
}

bool pace_ticks_wait(uint64_t behind_s, bool waiting)
{
	return behind_s >= (waiting ? PACE_AGAIN_S : PACE_FIRST_S);
}
