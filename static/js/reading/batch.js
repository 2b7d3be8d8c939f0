// A network exported for batches of any size, told that its batch is one picture.
//
// LiteRT's runtime for browsers has no way to resize an input, so each unknown dimension
// in the file (TensorFlow Lite's schema: `shape_signature`, -1) is made 1 in memory.

// Places of fields in the tables of the schema.
const SUBGRAPHS = 2;
const TENSORS = 0;
const SHAPE_SIGNATURE = 7;

export function ofOne(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const model = follow(view, 0);
  for (const graph of tables(view, field(view, model, SUBGRAPHS))) {
    for (const tensor of tables(view, field(view, graph, TENSORS))) {
      const shape = field(view, tensor, SHAPE_SIGNATURE);
      for (const at of shape ? elements(view, shape) : []) {
        if (view.getInt32(at, true) < 0) view.setInt32(at, 1, true);
      }
    }
  }
  return bytes;
}

// FlatBuffers: an offset is counted from where it stands.
const follow = (view, at) => at + view.getUint32(at, true);

function field(view, table, number) {
  const layout = table - view.getInt32(table, true);
  const place = 4 + 2 * number;
  if (place >= view.getUint16(layout, true)) return null;
  const offset = view.getUint16(layout + place, true);
  return offset ? follow(view, table + offset) : null;
}

const elements = (view, vector) =>
  Array.from({ length: view.getUint32(vector, true) }, (_, n) => vector + 4 + 4 * n);

const tables = (view, vector) => elements(view, vector).map((at) => follow(view, at));
