/** @node-ode/backend-onnx: ONNX Runtime as an engine, and export of traced functions as ONNX files. */
export {};
