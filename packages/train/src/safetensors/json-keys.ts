/** A look at JSON text before it is parsed, for what JSON.parse would hide: repeated keys and deep nesting. */

/** What is wrong with a text, and where (in characters). */
export interface JsonFinding {
  readonly problem: string;
  readonly at: number;
}

/**
 * The first key that an object has twice, or the first bracket deeper than `maxDepth`; undefined if there is none.
 * Text that is not JSON may pass: JSON.parse says so afterwards.
 */
export function findInJson(text: string, maxDepth: number): JsonFinding | undefined {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '{' || char === '[') {
      if (open.length === maxDepth) return { problem: `brackets nested more than ${maxDepth} deep`, at: i };
      open.push(new Set());
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const end = endOfString(text, i);
      if (isKey(text, end)) {
        const key = text.slice(i, end);
        const keys = open.at(-1);
        const name = key.includes('\\') ? unescaped(key) : key.slice(1, -1);
        if (keys?.has(name) === true) return { problem: `the key ${key} for the second time`, at: i };
        keys?.add(name);
      }
      i = end - 1;
    }
  }
  return undefined;
}

/** The position after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return Math.min(i + 1, text.length);
}

function isKey(text: string, end: number): boolean {
  let i = end;
  while (i < text.length && /\s/.test(text[i] ?? '')) i++;
  return text[i] === ':';
}

/** Two spellings of one key are one key. */
function unescaped(key: string): string {
  try {
    return String(JSON.parse(key));
  } catch {
    return key;
  }
}
