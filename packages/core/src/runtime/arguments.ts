/** Arguments of compiled functions: trees of numbers, host arrays and device arrays. */
import { array, isHostArray, type HostArray } from '../array.ts';
import { ExecutionError } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';
import { formatType, sameShape, tensorType, type TensorType } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { MapLeaves, TreeStructure } from '../tree.ts';
import type { Backend, DeviceArray } from './backend.ts';

/** What a compiled function takes for each tensor. */
export type ArgumentLeaf = number | boolean | HostArray | DeviceArray;

/** The argument that a compiled function takes where the traced function sees `A`. */
export type ArgumentOf<A> = MapLeaves<A, Tensor, ArgumentLeaf>;

/** Whether a compiled function takes something for a tensor. */
export const isArgument = (x: unknown): x is ArgumentLeaf =>
  typeof x === 'number' || typeof x === 'boolean' || isHostArray(x) || isDeviceArray(x);

/**
 * Whether a value is an array on a device.
 *
 * @example
 * isDeviceArray(await backend.upload(array([1]))); // true
 */
export const isDeviceArray = (x: unknown): x is DeviceArray =>
  typeof x === 'object' && x !== null && 'backend' in x && 'read' in x && 'shape' in x;

/** The type of an argument; JavaScript numbers are of `dtype`. */
export function argumentType(leaf: ArgumentLeaf, dtype: DType): TensorType {
  if (typeof leaf === 'number') return tensorType([], dtype);
  if (typeof leaf === 'boolean') return tensorType([], 'bool');
  return tensorType(leaf.shape, leaf.dtype);
}

/** The leaves of arguments of this structure and of these types; undefined for any others. JavaScript numbers are of `dtype`. */
export function leavesAsIn(
  structure: TreeStructure,
  types: readonly TensorType[],
  args: readonly unknown[],
  dtype: DType,
): readonly ArgumentLeaf[] | undefined {
  const leaves = structure.leavesOf(args, isArgument);
  return leaves?.every((leaf, i) => isOfType(leaf, types[i] as TensorType, dtype)) === true ? leaves : undefined;
}

function isOfType(leaf: ArgumentLeaf, type: TensorType, dtype: DType): boolean {
  if (typeof leaf === 'object') return leaf.dtype === type.dtype && sameShape(leaf.shape, type.shape);
  return type.shape.length === 0 && type.dtype === (typeof leaf === 'number' ? dtype : 'bool');
}

/** One string for each structure with its types. */
export const signature = (types: readonly TensorType[], structure: TreeStructure): string =>
  `${structure.key}: ${types.map(formatType).join()}`;

/** Every leaf on the device. What has to be uploaded is appended to `uploaded`, even if another leaf is refused. */
export async function onDevice(
  backend: Backend,
  leaves: readonly ArgumentLeaf[],
  types: readonly TensorType[],
  uploaded: DeviceArray[],
): Promise<readonly DeviceArray[]> {
  for (const leaf of leaves) if (isDeviceArray(leaf)) requireBackend(backend, leaf);
  const inputs = new Array<DeviceArray>(leaves.length);
  const uploads: Promise<void>[] = [];
  leaves.forEach((leaf, i) => {
    if (isDeviceArray(leaf)) {
      inputs[i] = leaf;
      return;
    }
    const host = isHostArray(leaf) ? leaf : array(leaf, { dtype: (types[i] as TensorType).dtype });
    const upload = async (): Promise<void> => {
      const device = await backend.upload(host);
      uploaded.push(device);
      inputs[i] = device;
    };
    uploads.push(upload());
  });
  if (uploads.length === 0) return inputs;
  // All of them have ended before any is freed.
  const failed = (await Promise.allSettled(uploads)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return inputs;
}

function requireBackend(backend: Backend, leaf: DeviceArray): void {
  if (leaf.backend === backend.name) return;
  throw new ExecutionError('compile', `an argument lives on backend '${leaf.backend}'`, {
    expected: `arrays of '${backend.name}'`,
    advice: 'Read it to the host with await x.read() and pass that.',
  });
}
