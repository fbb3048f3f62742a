/** Holds a README to its word: its first TypeScript block must stand in a test file that runs it. */
import { readFile } from 'node:fs/promises';

/** Code without what formatting may change: spaces, and commas before a closing bracket. */
const compact = (code: string): string => code.replace(/\s+/g, '').replace(/,(?=[)\]}])/g, '');

/**
 * What of the README's first `ts` block (each import, and the rest as one piece) is not in the test file, where the package
 * imports itself as `./index.ts`.
 */
export async function missingFromTest(packageName: string, readme: URL, test: URL): Promise<string[]> {
  const [text, source] = await Promise.all([readFile(readme, 'utf8'), readFile(test, 'utf8')]);
  const block = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? 'no ts block';
  const imports = /^import [\s\S]*? from '.*';$/gm;
  const known = compact(source.replace("'./index.ts'", `'${packageName}'`));
  return [...(block.match(imports) ?? []), block.replace(imports, '')].filter((part) => !known.includes(compact(part)));
}
