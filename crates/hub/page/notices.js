// The header, what is wrong, and what to do where nothing is to be seen.

import { h, icon, setChildren, setText, setTime } from './dom.js';
import { TROUBLES_MAX } from './trouble.js';

/** Where we are, what time it is, and whether the figures are of now. */
export function showHeader(at, { state, link, heardAt }, { t, f, now }) {
  const several = state.sites.length > 1;
  at('site-name').hidden = several;
  setText(at('site-name'), state.site ?? 'Gatehouse');
  showSelect(at('site-choice'), state.sites, state.site);
  const title = `${state.site ? `${state.site} · ` : ''}${t('title')}`;
  if (document.title !== title) document.title = title;
  setText(at('today'), f.longDay(now));
  setTime(at('clock'), now, f.time(now));
  at('clock').setAttribute('aria-label', `${t('clock')}: ${f.time(now)}`);
  const pill = at('link');
  pill.dataset.state = link;
  const isBare = link === 'offline' && heardAt == null;
  setText(pill, t(isBare ? 'link_offline_bare' : `link_${link}`, { age: heardAt == null ? '' : f.ago(heardAt, now) }));
}

/** A choice that is only there where there is something to choose. The empty value is called `all`. */
export function showSelect(label, values, chosen, all) {
  const select = label.querySelector('select');
  const options = () => h('option');
  setChildren(select, values, (value) => value, options, (option, value) => {
    if (option.value !== value || !option.hasAttribute('value')) option.setAttribute('value', value);
    setText(option, value === '' ? all : value);
  });
  if (select.value !== (chosen ?? '')) select.value = chosen ?? '';
  label.hidden = values.filter((value) => value !== '').length < 2;
}

/** One line about the connection or an error, with what to do; hidden while all is well. */
export function showNotice(element, { link, heardAt, error, isLoaded, retry }, { t, f, now }) {
  const text = noticeText({ link, heardAt, error, isLoaded }, { t, f, now });
  element.hidden = text === null;
  if (text === null) return;
  if (element.childElementCount === 0) {
    element.append(
      icon('alert'),
      h('div', {}, h('h2'), h('p')),
      h('button', { type: 'button', class: 'button', onclick: retry }),
    );
  }
  element.dataset.level = text.level;
  setText(element.querySelector('h2'), text.title);
  setText(element.querySelector('p'), text.help);
  setText(element.querySelector('button'), t('retry'));
}

function noticeText({ link, heardAt, error, isLoaded }, { t, f, now }) {
  if (isLoaded && link === 'offline') {
    const values = { at: f.when(heardAt, now), age: f.ago(heardAt, now) };
    return { level: 'bad', title: t('offline_title'), help: t('offline_help', values) };
  }
  if (!error || (isLoaded && error.kind === 'network')) return null;
  const help = error.kind === 'network' ? t('error_network') : t('error_answer', { detail: error.message });
  return { level: 'warn', title: t('error_title'), help };
}

/** The strip of troubles, each opening to what to do; nothing at all while there are none. */
export function showTroubles(at, troubles, isAllShown, { t, f, now }) {
  at('trouble').hidden = troubles.length === 0;
  const shown = isAllShown ? troubles : troubles.slice(0, TROUBLES_MAX);
  const make = () =>
    h('li', {}, h('details', {},
      h('summary', {}, icon('alert'), h('b'), h('time')),
      h('p'), h('p', { class: 'detail' })));
  setChildren(at('troubles'), shown, (trouble) => trouble.key, make, (item, trouble) => {
    item.dataset.level = trouble.level;
    const [summary, help, detail] = item.firstElementChild.children;
    setText(summary.querySelector('b'), `${t(trouble.title)}: ${trouble.subject}`);
    if (trouble.at != null) setTime(summary.lastElementChild, trouble.at, f.when(trouble.at, now));
    setText(help, trouble.help ? t(trouble.help) : '');
    const times = trouble.count > 1 ? t('times', { n: f.number(trouble.count) }) : '';
    setText(detail, [trouble.detail, times].filter(Boolean).join(' · '));
  });
  at('troubles-more').hidden = troubles.length <= TROUBLES_MAX;
  setText(at('troubles-more'), t(isAllShown ? 'trouble_fewer' : 'trouble_more', { n: f.number(troubles.length) }));
}

/** The way from nothing to the first count: text and command. */
const FIRST_STEPS = [
  ['empty_step_key', 'gatehouse-edge key --config edge.toml'],
  ['empty_step_node', 'gatehouse-hub node add --config hub.toml --site SITE --node NODE --key KEY'],
  ['empty_step_run', 'gatehouse-edge run --config edge.toml'],
];

/** What to do where no gate has sent anything. */
export function showEmpty(element, { t }) {
  if (element.childElementCount === 0) {
    const steps = FIRST_STEPS.map(([, command]) => h('li', {}, h('span'), h('code', {}, command)));
    element.append(h('h2'), h('p'), h('ol', {}, steps));
  }
  setText(element.querySelector('h2'), t('empty_title'));
  setText(element.querySelector('p'), t('empty_help'));
  element.querySelectorAll('li span').forEach((step, index) => setText(step, t(FIRST_STEPS[index][0])));
}
