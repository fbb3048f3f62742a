/** @node-ode/host-driver: engines whose loops are driven from JavaScript. */
export type { Device, DeviceValue, LoadedSegment } from './device.ts';
