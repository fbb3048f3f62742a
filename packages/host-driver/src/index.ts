/** @node-ode/host-driver: engines whose loops are driven from JavaScript. */
export { deviceBackend, type DeviceBackend, type DeviceBackendParts } from './backend/device-backend.ts';
export type { PlacedExecutable } from './backend/executable.ts';
export { HostResult, type Placement, type Program } from './backend/program.ts';
export type { Device, DeviceValue, LoadedSegment, SegmentOutputs, Transfers } from './device.ts';
export { hostProgram } from './host-program.ts';
export type { Segment, SegmentResult } from './plan/partition.ts';
