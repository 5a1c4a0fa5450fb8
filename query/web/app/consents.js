// Consents and the accesses that name one.
//
//   covered    the source says it was given before the access and not withdrawn or ended by then
//   withdrawn  the access came after the consent was withdrawn or had ended
//   outside    it was in force, but not for this organisation, purpose or kind of data
//   unknown    no source has said anything of such a consent
//   unchecked  no source reports this person's consents here, so there is nothing to hold it against

function covers(consent, access) {
  const { to = [], purposes = [], categories = [] } = consent;
  const whose = [access.org.id, access.org.name, access.recipient];
  return (to.length === 0 || to.some((one) => whose.includes(one))) && (purposes.length === 0 || purposes.includes(access.purpose)) &&
    (categories.length === 0 || (access.categories ?? []).every((one) => categories.includes(one)));
}

/** Somebody who read in this person's place, in the ledger itself: what it names is no consent but a grant (ROLE-7, EVT-17). */
export function byProxy(access) {
  return access.system === 'Indsigt' && Boolean(access.consent);
}

/** `consents`: null where nobody reports them, else Map of id to {given, until, withdrawn} in ms, or null. */
export function consentState(access, consents) {
  if (!access.consent || byProxy(access)) return null;
  if (consents === null) return 'unchecked';
  const known = consents.get(access.consent);
  if (known === undefined) return 'unknown';
  if (known.withdrawn !== null && access.at >= known.withdrawn) return 'withdrawn';
  if (known.until !== null && access.at >= known.until) return 'withdrawn';
  if (known.given !== null && access.at < known.given) return 'unknown';
  return covers(known, access) ? 'covered' : 'outside';
}
