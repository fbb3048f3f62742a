export const experiment = undefined as never;
