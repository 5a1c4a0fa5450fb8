// The grants in a list of grants, each in its newest state (ROLE-4, as far as a reader of the list can tell).

export function grantsOf(accesses, now = Date.now()) {
  const grants = new Map();
  for (const event of [...accesses].filter((one) => one.grant).sort((a, b) => a.index - b.index)) {
    const known = grants.get(event.grant.id);
    const until = event.grant.until ? Date.parse(event.grant.until) : null;
    const revoked = Boolean(known?.revoked || event.grant.revoked);
    grants.set(event.grant.id, { id: event.grant.id, kind: event.grant.kind, to: event.grant.to, name: event.grant.name ?? known?.name ?? null,
      until, revoked, inForce: !revoked && (until === null || until > now) && Date.parse(event.time) <= now });
  }
  return [...grants.values()].reverse();
}
