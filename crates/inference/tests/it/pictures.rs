//! Pictures that are painted number by number.

use domain::PixelView;

/// A BGR picture whose rows lie `padding` bytes apart.
pub(crate) struct Painted {
    width: usize,
    height: usize,
    stride: usize,
    data: Vec<u8>,
}

impl Painted {
    pub(crate) fn black(width: usize, height: usize, padding: usize) -> Self {
        let stride = width * 3 + padding;
        // What stands between the rows must never be seen.
        let mut data = vec![255; stride * height];
        for row in data.chunks_mut(stride) {
            row[..width * 3].fill(0);
        }
        Self { width, height, stride, data }
    }

    /// Sets the pixel number `index`, counted row by row, in one channel: 0 blue, 1 green, 2 red.
    pub(crate) fn set(&mut self, index: usize, channel: usize, value: u8) {
        self.data[index / self.width * self.stride + index % self.width * 3 + channel] = value;
    }

    /// The same picture with each pixel as a block of `times` × `times`.
    pub(crate) fn enlarged(&self, times: usize) -> Self {
        let mut larger = Self::black(self.width * times, self.height * times, 0);
        for y in 0..larger.height {
            for x in 0..larger.width {
                for channel in 0..3 {
                    let value = self.data[y / times * self.stride + x / times * 3 + channel];
                    larger.set(y * larger.width + x, channel, value);
                }
            }
        }
        larger
    }

    pub(crate) fn view(&self) -> PixelView<'_> {
        PixelView::new(self.width, self.height, self.stride, &self.data).unwrap()
    }
}
