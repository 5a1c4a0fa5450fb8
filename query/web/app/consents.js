// Consents and the accesses that name one.
//
//   covered    the source says it was given before the access and not withdrawn or ended by then
//   withdrawn  the access came after the consent was withdrawn or had ended
//   unknown    no source has said anything of such a consent
//   unchecked  no source reports this person's consents here, so there is nothing to hold it against

/** `consents`: null where nobody reports them, else Map of id to {given, until, withdrawn} in ms, or null. */
export function consentState(access, consents) {
  if (!access.consent) return null;
  if (consents === null) return 'unchecked';
  const known = consents.get(access.consent);
  if (known === undefined) return 'unknown';
  if (known.withdrawn !== null && access.at >= known.withdrawn) return 'withdrawn';
  if (known.until !== null && access.at >= known.until) return 'withdrawn';
  if (known.given !== null && access.at < known.given) return 'unknown';
  return 'covered';
}
