// How far counts can be trusted, from hours counted by hand. Pure.

/** What is known of one count of a gate; nothing where nobody counted by hand. */
export function accuracyOf(accuracies, { site, gate }, group, direction) {
  return accuracies.find((one) => one.site === site && one.gate === gate && one.line === null
    && one.group === group && one.direction === direction) ?? null;
}

/**
 * What a machine's count stands for: `{ least, likely, most }`, rounded outwards. `most` is nothing where the machine may
 * have missed nearly everybody.
 */
export function trueCount(count, { bias, low, high }) {
  return {
    least: Math.floor(count / (1 + high)),
    likely: Math.round(bias > -0.99 ? count / (1 + bias) : count),
    most: low > -0.99 ? Math.ceil(count / (1 + low)) : null,
  };
}

/** One line on the trust in a count, for people. */
export function accuracyText(accuracy, count, { t, f }) {
  if (accuracy === null) return t('not_audited');
  const { state, hours } = accuracy;
  if (state !== 'known') return t('too_few_hours', { n: f.number(hours) });
  const { least, likely, most } = trueCount(count, accuracy);
  const error = t('error_of_count', {
    p: f.error(accuracy.bias), low: f.error(accuracy.low), high: f.error(accuracy.high), n: f.number(hours),
  });
  if (most === null) return error;
  return `${error} ${t('true_count', { n: f.number(likely), least: f.number(least), most: f.number(most) })}`;
}
