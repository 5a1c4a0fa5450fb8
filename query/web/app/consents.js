// Consents and the accesses that name one, judged as every reader judges them (EVT-22, verify/consent.js).
//
//   covered    it was in force, and for this
//   withdrawn  the access came after it was withdrawn or had ended
//   outside    it was in force, but not for this organisation, purpose or kind of data
//   unknown    no source has said anything of such a consent before the access
//   unchecked  no source reports this person's consents here, so there is nothing to hold it against
import { consentOf } from '../verify/consent.js';

const STATES = { covered: 'covered', withdrawn: 'withdrawn', ended: 'withdrawn', other: 'outside', unknown: 'unknown' };

/** Somebody who read in this person's place, in the ledger itself: what it names is no consent but a grant (ROLE-7, EVT-17). */
export function byProxy(access) {
  return access.system === 'Indsigt' && Boolean(access.consent);
}

/** `consents`: null where nobody reports them, else as consentsOf() of acts.js makes it. */
export function consentState(access, consents) {
  if (!access.consent || byProxy(access)) return null;
  if (consents === null) return 'unchecked';
  return STATES[consentOf(consents.get(access.consent)?.said ?? [], access)];
}
