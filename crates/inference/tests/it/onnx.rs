//! Small ONNX files, written field by field (onnx.proto of ONNX 1.8, opset 13), so that tests need no foreign weights.
//!
//! The graphs hand the picture's own numbers on as their output: whoever paints the picture decides what is detected.

/// Opset and format version of the files.
const OPSET: u64 = 13;
const IR_VERSION: u64 = 7;
const FLOAT: u64 = 1;
const INT64: u64 = 7;

#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    fn with(self, field: u64, value: Self) -> Self {
        self.bytes(field, &value.0)
    }
}

fn value_info(name: &str, dims: &[usize]) -> Message {
    let shape = dims.iter().fold(Message::default(), |m, d| m.with(1, Message::default().number(1, *d as u64)));
    let tensor = Message::default().number(1, FLOAT).with(2, shape);
    Message::default().text(1, name).with(2, Message::default().with(1, tensor))
}

fn constant(name: &str, kind: u64, dims: &[usize], raw: &[u8]) -> Message {
    let tensor = dims.iter().fold(Message::default(), |m, d| m.number(1, *d as u64));
    tensor.number(2, kind).text(8, name).bytes(9, raw)
}

fn integers(name: &str, values: &[i64]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    constant(name, INT64, &[values.len()], &raw)
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let message = inputs.iter().fold(Message::default(), |m, name| m.text(1, name));
    outputs.iter().fold(message, |m, name| m.text(2, name)).text(4, operator)
}

fn along_axis(node: Message, axis: u64) -> Message {
    node.with(5, Message::default().text(1, "axis").number(3, axis).number(20, 2))
}

fn model(nodes: Vec<Message>, constants: Vec<Message>, side: usize, outputs: Vec<Message>) -> Vec<u8> {
    let graph = nodes.into_iter().fold(Message::default(), |m, n| m.with(1, n)).text(2, "test");
    let graph = constants.into_iter().fold(graph, |m, c| m.with(5, c));
    let graph = graph.with(11, value_info("image", &[1, 3, side, side]));
    let graph = outputs.into_iter().fold(graph, |m, o| m.with(12, o));
    Message::default().number(1, IR_VERSION).with(7, graph).with(8, Message::default().number(2, OPSET)).0
}

fn shares() -> Message {
    constant("share", FLOAT, &[], &(1.0f32 / 255.0).to_le_bytes())
}

/// A graph of an SSD: the blue plane holds the boxes and the green one the scores of four channels, four numbers of
/// one and the other to a box, as shares of 255.
pub(crate) fn ssd(side: usize, boxes_name: &str) -> Vec<u8> {
    let rows = side * side / 4;
    let nodes = vec![
        along_axis(node("Split", &["image"], &["blue", "green", "red"]), 1),
        node("Reshape", &["blue", "rows"], &["b"]),
        node("Reshape", &["green", "rows"], &["s"]),
        node("Mul", &["b", "share"], &[boxes_name]),
        node("Mul", &["s", "share"], &["scores"]),
    ];
    let constants = vec![integers("rows", &[1, rows as i64, 4]), shares()];
    model(nodes, constants, side, vec![value_info(boxes_name, &[1, rows, 4]), value_info("scores", &[1, rows, 4])])
}

/// A graph of a YOLOX for an input of 32×32, with 21 cells and three channels: its output are the 168 numbers of the
/// input from `start`, as shares of 255.
pub(crate) fn yolox(start: usize) -> Vec<u8> {
    let nodes = vec![
        node("Reshape", &["image", "flat"], &["all"]),
        node("Slice", &["all", "start", "end", "axis"], &["some"]),
        node("Reshape", &["some", "rows"], &["r"]),
        node("Mul", &["r", "share"], &["output"]),
    ];
    let constants = vec![
        integers("flat", &[1, 3 * 32 * 32]),
        integers("start", &[start as i64]),
        integers("end", &[start as i64 + 168]),
        integers("axis", &[1]),
        integers("rows", &[1, 21, 8]),
        shares(),
    ];
    model(nodes, constants, 32, vec![value_info("output", &[1, 21, 8])])
}
