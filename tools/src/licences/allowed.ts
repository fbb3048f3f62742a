/** Licences that a dependency may have, so that this library can be used under the MIT licence in anything. */
import satisfies from 'spdx-satisfies';
import type { Dependency } from './dependencies.ts';

/** Permissive ones, and MPL-2.0, whose terms end at its own files. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MPL-2.0', 'Zlib'];

/** Packages whose package.json has no SPDX expression, read by a person: the reason. */
const read: Readonly<Record<string, string>> = {
  'dejavu-fonts-ttf@2.37.3':
    "Bitstream Vera's licence for fonts: to be used, copied and sold as part of larger software",
};

/** What is wrong with a dependency's licence; undefined if nothing. */
export function complaintAbout({ name, version, license, through }: Dependency): string | undefined {
  if (read[`${name}@${version}`] !== undefined) return undefined;
  const where = `${name}@${version} (${through.join(' → ')})`;
  if (license === undefined) return `${where} names no licence`;
  try {
    return satisfies(license, allowed) ? undefined : `${where} has ${license}, which is none of ${allowed.join(', ')}`;
  } catch {
    return `${where} has “${license}”, which is no SPDX expression`;
  }
}
