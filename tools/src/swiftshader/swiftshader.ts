/** SwiftShader, a Vulkan driver in software: `webgpu` on a machine without a GPU. Chromium brings it, with a Vulkan loader. */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A driver that can be used. */
export interface SwiftShader {
  /** The file that tells the Vulkan loader where the driver is. */
  readonly manifest: string;
  /** The Vulkan loader. */
  readonly loader: string;
  /** The folder of both. */
  readonly folder: string;
}

/** Why there is none. */
export interface NoSwiftShader {
  readonly reason: string;
}

/** The files that are needed, as Chromium names them. */
export const files = {
  driver: 'libvk_swiftshader.so',
  manifest: 'vk_swiftshader_icd.json',
  loader: 'libvulkan.so.1',
} as const;

/** Where `installSwiftShader` puts them. */
export const ownFolder = fileURLToPath(new URL('../../../.cache/swiftshader', import.meta.url));

const browsers = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'] as const;

/** The files in one folder, if all are there. */
export function swiftShaderIn(folder: string): SwiftShader | undefined {
  const isWhole = Object.values(files).every((file) => existsSync(join(folder, file)));
  return isWhole ? { manifest: join(folder, files.manifest), loader: join(folder, files.loader), folder } : undefined;
}

/** The driver of an installed browser, or the one that was downloaded. */
export function findSwiftShader(folders: readonly string[] = [...browsers, ownFolder]): SwiftShader | NoSwiftShader {
  for (const folder of folders) {
    const found = swiftShaderIn(folder);
    if (found !== undefined) return found;
  }
  return { reason: 'no SwiftShader on this machine: `npm run swiftshader` downloads it on Debian' };
}

/** What a process must be started with to use it. */
export const environmentOf = (
  { manifest, folder }: SwiftShader,
  env: NodeJS.ProcessEnv = process.env,
): { readonly VK_ICD_FILENAMES: string; readonly LD_LIBRARY_PATH: string } => ({
  VK_ICD_FILENAMES: manifest,
  LD_LIBRARY_PATH: [folder, env['LD_LIBRARY_PATH'] ?? ''].filter((part) => part !== '').join(delimiter),
});

/** glibc's flag by which a library stays, though the one who opened it closes it again. */
const noDelete = 0x1000;

/** Has the main thread of this very process use it, from before its first WebGPU session on. */
export function useSwiftShader({ manifest, loader }: SwiftShader): void {
  process.env['VK_ICD_FILENAMES'] = manifest;
  try {
    // Who then asks for `libvulkan.so.1` gets the one that is loaded, whatever the search path.
    process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_LAZY | noDelete);
  } catch (error) {
    // Node goes on to look for an addon in it, and there is none.
    if (!String(error).includes('did not self-register')) throw error;
  }
}
