/** What a backend of tfjs computes on, as far as it says so. */
import type { TfRuntime } from './runtime.ts';

/** How each backend is asked; the others are only named. */
const details: Readonly<Record<string, (backend: object) => string>> = {
  webgpu: (backend) => ('adapterInfo' in backend ? adapterOf(backend.adapterInfo) : ''),
};

/** tfjs's name of the backend, with what it computes on in brackets: `webgpu (nvidia, ampere)`. */
export function describeDevice({ name, backend, device }: TfRuntime): string {
  const detail = device ?? details[name]?.(backend) ?? '';
  return detail === '' ? name : `${name} (${detail})`;
}

/** Vendor and architecture of a GPU; a browser may keep them to itself. */
function adapterOf(info: unknown): string {
  if (typeof info !== 'object' || info === null) return '';
  const named = ['vendor' in info ? info.vendor : undefined, 'architecture' in info ? info.architecture : undefined];
  return named.filter((text) => typeof text === 'string' && text !== '').join(', ');
}
