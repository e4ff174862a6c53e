// The way in: the first account, signing in, and what must be seen to first.

import { h, setText } from './dom.js';
import {
  formFor, isSetupNeeded, loadSession, passwordFault, setPassword, setTotp, setUp, signIn, signOut,
} from './session.js';

/** Refusals that have words of their own; others show what the hub says. */
const KNOWN = ['password_wrong', 'totp_needed', 'totp_wrong', 'locked', 'disabled', 'code_wrong', 'network', 'too_many_requests'];

const field = (name, more = {}) => ({ name, type: 'text', ...more });
const NEW_PASSWORD = [
  field('password', { type: 'password', autocomplete: 'new-password', label: 'entry_new_password', hint: 'entry_password_hint' }),
  field('again', { type: 'password', autocomplete: 'new-password', label: 'entry_again' }),
];

/** The forms: their fields, and what sending one does. It returns nothing, or the form to go on with. */
const FORMS = {
  setup: {
    fields: [
      field('code', { autocomplete: 'one-time-code', label: 'entry_code', hint: 'entry_code_hint' }),
      field('name', { autocomplete: 'username', label: 'entry_name' }),
      field('display_name', { autocomplete: 'name', label: 'entry_display_name' }),
      ...NEW_PASSWORD,
    ],
    send: (given, { language }) => setUp({ ...given, language }),
  },
  sign_in: {
    fields: [
      field('name', { autocomplete: 'username', label: 'entry_name' }),
      field('password', { type: 'password', autocomplete: 'current-password', label: 'entry_password' }),
      field('totp', { autocomplete: 'one-time-code', inputmode: 'numeric', label: 'entry_totp', optional: true }),
    ],
    send: (given) => signIn(given),
  },
  password: {
    fields: [
      field('current', { type: 'password', autocomplete: 'current-password', label: 'entry_current' }),
      ...NEW_PASSWORD,
    ],
    send: (given, { session }) => setPassword(session.account.id, given),
  },
  totp: {
    fields: [field('code', { autocomplete: 'one-time-code', inputmode: 'numeric', label: 'entry_totp' })],
    send: (given, { session }) => setTotp(session.account.id, given.code.replaceAll(' ', '')),
  },
  nothing: { fields: [], send: () => signOut() },
};

/**
 * Shows forms in `element` until somebody is signed in who sees figures; resolves with the session. `words()` gives the
 * texts and the language of the moment; `keep(session)` is told of each session so that writes carry its token.
 */
export async function enter(element, { words, keep }) {
  for (;;) {
    let found = null;
    let setupNeeded = false;
    try {
      found = await loadSession();
      if (!found) setupNeeded = await isSetupNeeded();
    } catch (error) {
      await ask(element, 'retry', {}, words, error);
      continue;
    }
    if (found) keep(found);
    const form = formFor({ session: found, setupNeeded });
    if (form === null) {
      element.hidden = true;
      element.replaceChildren();
      return found;
    }
    const secret = form === 'totp' ? await setTotp(found.account.id).catch(() => null) : null;
    await ask(element, form, { session: found, secret }, words);
  }
}

/** Shows a form until it was sent and taken. */
function ask(element, name, context, words, failure = null) {
  const { fields, send } = FORMS[name] ?? { fields: [], send: async () => {} };
  return new Promise((taken) => {
    const inputs = fields.map(({ name: id, hint, label, optional, ...attributes }) => {
      const input = h('input', { id: `entry-${id}`, name: id, required: !optional, spellcheck: 'false', autocapitalize: 'none',
        'aria-describedby': hint && `entry-${id}-hint`, ...attributes });
      const row = h('p', { hidden: optional === true },
        h('label', { for: `entry-${id}`, 'data-t': label }), input, hint && h('small', { id: `entry-${id}-hint`, 'data-t': hint }));
      return { id, input, row };
    });
    const fault = h('p', { class: 'entry-fault', role: 'alert' });
    const button = h('button', { type: 'submit', class: 'button entry-go', 'data-t': `entry_${name}_go` });
    const form = h('form', { class: 'card entry' },
      h('h2', { 'data-t': `entry_${name}` }), h('p', { class: 'entry-help', 'data-t': `entry_${name}_help` }),
      context.secret && h('p', { class: 'entry-secret' }, h('code', {}, context.secret.secret.match(/.{1,4}/g).join(' ')),
        h('a', { href: context.secret.uri, class: 'button', 'data-t': 'entry_totp_open' })),
      inputs.map(({ row }) => row), fault, button);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const given = Object.fromEntries(inputs.map(({ id, input }) => [id, input.value]));
      const wrong = 'again' in given ? passwordFault(given.password, given.again) : null;
      if (wrong) {
        setText(fault, words().t(wrong));
        return;
      }
      button.disabled = true;
      setText(fault, '');
      try {
        await send(given, { ...context, language: words().language });
        taken();
      } catch (error) {
        if (error.kind === 'totp_needed') {
          inputs.find(({ id }) => id === 'totp').row.hidden = false;
          inputs.find(({ id }) => id === 'totp').input.focus();
        }
        setText(fault, faultText(error, words().t));
        button.disabled = false;
      }
    });
    element.replaceChildren(form);
    element.hidden = false;
    for (const part of element.querySelectorAll('[data-t]')) setText(part, words().t(part.dataset.t));
    if (failure) setText(fault, faultText(failure, words().t));
    inputs[0]?.input.focus();
  });
}

/** A refusal in words. */
function faultText({ kind, message, waitS }, t) {
  if (!KNOWN.includes(kind)) return t('entry_refused', { detail: message });
  return t(`refused_${kind}`, { minutes: Math.max(1, Math.ceil((waitS ?? 60) / 60)) });
}
