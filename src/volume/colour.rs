//! Colour pictures: shown, never measured.

/// A picture of 8-bit red, green and blue, as it is to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ColourImage {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl ColourImage {
    /// A picture of `height` rows of `width` pixels, three bytes each; `None` when it is empty or
    /// the number of bytes is another.
    #[must_use]
    pub fn new(width: usize, height: usize, rgb: Vec<u8>) -> Option<Self> {
        let expected = width.checked_mul(height)?.checked_mul(3)?;
        (expected > 0 && rgb.len() == expected).then_some(Self { width, height, rgb })
    }

    /// Pixels in a row.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row by row from the top, each as red, green, blue.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The colour in column `x` of row `y`, or `None` outside.
    #[must_use]
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = (y * self.width + x) * 3;
        self.rgb.get(at..at + 3)?.try_into().ok()
    }
}

impl std::fmt::Debug for ColourImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ColourImage({} × {})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_size_must_agree() {
        assert!(ColourImage::new(2, 1, vec![0; 5]).is_none());
        assert!(ColourImage::new(0, 1, Vec::new()).is_none());
        let image = ColourImage::new(2, 1, vec![1, 2, 3, 4, 5, 6]).expect("six bytes");
        assert_eq!(image.pixel(1, 0), Some([4, 5, 6]));
        assert_eq!(image.pixel(2, 0), None);
    }
}
