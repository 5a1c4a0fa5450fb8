/*   token ─► role ─► cell of the table ─► header Indsigt-Subject ─► within its reach? ─► parameters ─► snapshot ─►
 * grant?
 *
 * A proxy is told the same whether the ledger knows the person, whether there was a grant, and whether it was to
 * somebody else: of who gave what to whom nothing can be learnt here. */
#include "ledger/subject/subject.h"
#include "query/answer/grants.h"
#include "query/routes/call.h"

static bool forbid(struct call *call, const char *detail)
{
	call_problem(call, 403, E_FORBIDDEN, detail);
	return false;
}

/* Somebody's list of grants is named like a person, and is its own person's to read. */
static bool is_own(const struct asking *asking)
{
	return bytes_equal(subject_principal(bytes_text(asking->subject)), bytes_text(asking->who.id));
}

/* Whom the request is about, in canonical form: proofs are about bytes. */
static bool read_subject(struct call *call, struct asking *asking)
{
	const char *named = call->request->subject;
	bool person = asking->who.role == ROLE_SUBJECT || asking->who.role == ROLE_PROXY;
	if (asking->reach == REACH_ALL)
		return named == NULL || call_refuse_param(call, "header Indsigt-Subject: this question is about nobody alone");
	if (named == NULL && !person)
		return call_refuse_param(call, "header Indsigt-Subject must say whom it is about");
	if (named == NULL)
		named = asking->who.id;
	if (strlen(named) > SUBJECT_BYTES_MAX || subject_check(bytes_text(named)) != E_OK)
		return call_refuse_param(call, "header Indsigt-Subject must be a canonical subject id");
	strcpy(asking->subject, named);
	asking->own = person && is_own(asking);
	return true;
}

/* What needs no look into the ledger: a person's own, and what is no person's. */
static bool within_reach(struct call *call, const struct asking *asking)
{
	bool person = subject_list(bytes_text(asking->subject)) == LIST_OF_PERSON;
	if (asking->own || asking->reach == REACH_ANYBODY || asking->reach == REACH_ALL)
		return true;
	if (asking->reach == REACH_SELF)
		return forbid(call, "this role reads about who it is, and about nobody else");
	return person || forbid(call, "the list of somebody's grants is read by who it is about, and by a supervisor");
}

/* A provider says who somebody is, and nothing of whom they may act for: whoever names somebody else asks for them, and
 * a grant says whether they may. */
static void act(const struct call *call, struct identity *who)
{
	const char *named = call->request->subject;
	bool other = named != NULL && !bytes_equal(subject_principal(bytes_text(named)), bytes_text(who->id));
	if (who->role == ROLE_SUBJECT && who->may_act && other)
		who->role = ROLE_PROXY;
}

bool call_asker(
	struct call *call, const char *method, const char *path, struct asking *out, const struct permission **permission)
{
	*out = (struct asking){.own = false};
	if (!call_identity(call, &out->who))
		return false;
	act(call, &out->who);
	*permission = roles_permission(method, path, out->who.role);
	if (*permission == NULL || (*permission)->reach == REACH_NOBODY)
		return forbid(call, "this role may not ask this question");
	out->reach = (*permission)->reach;
	return read_subject(call, out) && within_reach(call, out);
}

bool call_asking(struct call *call, struct asking *out, struct params *params)
{
	const struct permission *permission;
	return call_asker(call, call->request->method, call->request->path, out, &permission) &&
		   call_params(call, permission->parameters, params);
}

/* How long the list of somebody's grants is would show in how long it takes to find nothing for the asker in it. */
bool call_granted(struct call *call, struct asking *asking)
{
	if (asking->own || asking->reach != REACH_GRANTED)
		return true;
	enum error error = grants_find(
		call->snapshot, bytes_text(asking->subject), bytes_text(asking->who.id), call->now_s, asking->grant, NULL);
	bool granted =
		call_good(call, error) &&
		(asking->grant[0] != '\0' || forbid(call, "nobody has registered that you may read for this person now"));
	call->response->timed = !granted;
	return granted;
}
