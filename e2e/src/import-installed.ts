/** Packages that may be missing: imported by a computed name, so that no bundle of a page has them. */

/** A module whose exports are not known here. */
export type UnknownModule = Readonly<Record<string, unknown>>;

/** @throws Error if the package is not installed, with how to get it, or not in the page's bundle; what it throws itself as it is. */
export async function importInstalled(specifier: string, advice?: string): Promise<UnknownModule> {
  try {
    return (await import(/* @vite-ignore */ specifier)) as UnknownModule;
  } catch (error) {
    if (isMissing(error, specifier)) {
      const how = advice === undefined ? '' : `: ${advice}`;
      throw new Error(`package ${specifier} is not installed${how}`, { cause: error });
    }
    if (isNotBundled(error)) throw new Error(`package ${specifier} is not in the page's bundle`, { cause: error });
    throw error;
  }
}

/** Whether an import failed because that package, and not one that it imports, is missing. */
function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return (
    (isNotFound || /cannot find (package|module)|failed to (load|resolve) (url|import)/i.test(String(message))) &&
    String(message).includes(specifier)
  );
}

/** Whether an import failed because a browser resolves no package names: the bundle has what is imported by a literal name. */
const isNotBundled = (error: unknown): boolean =>
  error instanceof TypeError && error.message.startsWith('Failed to resolve module specifier');
