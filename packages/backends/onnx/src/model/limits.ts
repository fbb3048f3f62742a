/** How large a model may be: limits of protobuf, which its writers and readers share. */

/** Bytes of a message. A signed 32-bit length; see https://protobuf.dev/programming-guides/proto-limits/. */
export const maxModelBytes = 2 ** 31 - 1;

/** Messages nested in each other, the file's own included: the default of protobuf's readers in C++, Java and JavaScript. */
export const maxMessageDepth = 100;

/**
 * Graphs nested in each other, the model's own included. One more graph is three more messages (node, attribute, graph),
 * and five lie below the innermost graph: value info, type, tensor type, shape, dimension.
 */
export const maxGraphDepth = Math.floor((maxMessageDepth - 4) / 3);
