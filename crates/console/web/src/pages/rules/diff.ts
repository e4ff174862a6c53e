// What two texts differ in, line by line. Pure.

export interface LineDiff {
  gone: string[];
  come: string[];
}

/** The lines that only one of the texts has, each in its order. A line that only moved is in neither. */
export function diffOf(before: string | null, after: string | null): LineDiff {
  const [old, now] = [linesOf(before), linesOf(after)];
  const counts = new Map<string, number>();
  for (const line of now) counts.set(line, (counts.get(line) ?? 0) + 1);
  const gone = old.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
  // What is left over in the new text was not in the old one; the last ones of equal lines are the new ones.
  const come: string[] = [];
  for (const line of [...now].reverse()) {
    const left = counts.get(line) ?? 0;
    if (left <= 0) continue;
    counts.set(line, left - 1);
    come.push(line);
  }
  return { gone, come: come.reverse() };
}

function linesOf(text: string | null): string[] {
  if (!text) return [];
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
