// Arrays that the engine packed as bytes, as typed arrays.

const TYPES = { uint8: Uint8Array, float32: Float32Array, float64: Float64Array };

/** The numbers of a packed array, row by row; its shape stands beside them. */
export function unpack(packed) {
  if (!packed) return null;
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  return new TYPES[packed.type](bytes.buffer);
}
