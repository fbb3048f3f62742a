declare module 'spdx-satisfies' {
  /** Whether one of the allowed licences is enough for an SPDX expression. Throws if it is none. */
  export default function satisfies(expression: string, allowed: readonly string[]): boolean;
}
