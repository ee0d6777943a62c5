/// The colour of the main button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accent([u8; 3]);

impl Default for Accent {
    fn default() -> Self {
        Self([0x24, 0x56, 0xc9])
    }
}

impl Accent {
    /// Reads `#rrggbb`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// Returns it as `#rrggbb`.
    pub(super) fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Returns the colour of what stands on it. One of black and white always has a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3).
    pub(super) fn foreground(self) -> &'static str {
        let luminance = self.luminance();
        let [with_white, with_black] = [1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05];
        if with_white >= with_black { "#fff" } else { "#000" }
    }

    /// Relative luminance, as WCAG 2.2 defines it.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::Accent;

    #[test]
    fn the_text_on_the_button_can_be_read_on_every_colour() {
        for (accent, text) in [
            ("#2456c9", "#fff"),
            ("#000000", "#fff"),
            ("#FFFFFF", "#000"),
            ("#ffd400", "#000"),
            ("#777777", "#000"),
            ("#757575", "#fff"),
        ] {
            let read = Accent::parse(accent).unwrap();
            assert_eq!((read.hex(), read.foreground()), (accent.to_lowercase(), text));
        }
    }

    #[test]
    fn what_is_not_a_colour_cannot_become_a_style() {
        for wrong in ["", "2456c9", "#fff", "#2456c", "#2456c90", "#+12345", "red", "#00000;} body{", "#ÿÿÿ"]
        {
            assert_eq!(Accent::parse(wrong), None, "{wrong}");
        }
    }
}
