// Coming back from the identity provider: where somebody is not let in, the hub says why in the address.

const PARAMETER = 'sign_in';

/** Where signing in at the identity provider begins. The hub leads there and back; it is no page of the console. */
export const START = '/api/v1/oidc/start';

function taken(): string | null {
  const address = new URL(window.location.href);
  const word = address.searchParams.get(PARAMETER);
  if (word === null) return null;
  // Once: the page that is loaded again, or kept as a bookmark, says nothing of it.
  address.searchParams.delete(PARAMETER);
  window.history.replaceState(window.history.state, '', address);
  return word;
}

let refused = taken();

/** Why the provider's word did not let anybody in; nothing where nobody came back. */
export function refusedElsewhere(): string | null {
  return refused;
}

/** Somebody tries again: what was said before is over. */
export function forgetRefusal(): void {
  refused = null;
}
