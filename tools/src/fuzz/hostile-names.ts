/** Names that lead out of a folder, or into the insides of objects. */
import fc from 'fast-check';

/** Paths that a file must not be able to name. */
export const escapingPaths = [
  ...['..', '../x', '../../etc/passwd', 'a/../../x', 'a/../..', './../x', '/etc/passwd', '//server/share', '~/../x'],
  ...['..\\x', 'a\\..\\..\\x', 'C:\\x', 'C:x', '\\\\server\\share', 'file:///etc/passwd', 'x\0.csv', '\0', ''],
] as const;

/** Names that objects have already. */
export const objectNames = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'] as const;

/** Any of them, or any text. */
export const hostileName = fc.oneof(
  fc.constantFrom<string>(...escapingPaths),
  fc.constantFrom<string>(...objectNames),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
