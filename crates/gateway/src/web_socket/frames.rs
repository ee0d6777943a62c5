/// Where in a stream of WebSocket frames we are: a frame of ours may stand between two others alone (RFC 6455 §5.2).
#[derive(Debug, Default)]
pub(super) struct Frames {
    at: At,
}

#[derive(Debug)]
enum At {
    /// In the header of a frame, or before it: what has come of it so far.
    Header { seen: [u8; 14], count: usize },
    /// In its payload: how much is missing.
    Payload(u64),
}

impl Default for At {
    fn default() -> Self {
        Self::Header { seen: [0; 14], count: 0 }
    }
}

impl Frames {
    /// Notes bytes that have passed.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            match &mut self.at {
                At::Header { seen, count } => {
                    seen[*count] = first;
                    *count += 1;
                    bytes = rest;
                    if let Some(payload) = payload(&seen[..*count]) {
                        self.at = if payload == 0 { At::default() } else { At::Payload(payload) };
                    }
                }
                At::Payload(missing) => {
                    let length = bytes.len() as u64;
                    if length < *missing {
                        *missing -= length;
                        return;
                    }
                    // It is not longer than what is there.
                    bytes = &bytes[usize::try_from(*missing).unwrap_or(bytes.len())..];
                    self.at = At::default();
                }
            }
        }
    }

    /// Returns whether the last frame is complete and no other has begun.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.at, At::Header { count: 0, .. })
    }
}

/// Returns how long the payload of a frame with this header is, once the header is complete.
fn payload(header: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = header else { return None };
    let is_masked = second & 0x80 != 0;
    let (length, extended) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
        short => (u64::from(short), 0),
    };
    let mask = if is_masked { 4 } else { 0 };
    (rest.len() >= extended + mask).then_some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Frames;

    fn frame(header: &[u8], payload: usize) -> Vec<u8> {
        [header, &vec![7; payload]].concat()
    }

    /// Returns after which bytes a frame of ours could stand, with the stream cut into pieces of this size.
    fn between(stream: &[u8], piece: usize) -> Vec<usize> {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        for (index, bytes) in stream.chunks(piece).enumerate() {
            frames.pass(bytes);
            if frames.is_between() {
                found.push(index * piece + bytes.len());
            }
        }
        found
    }

    #[test]
    fn the_ends_of_frames_of_every_length_are_found() {
        let frames = [
            frame(&[0x81, 5], 5),
            frame(&[0x89, 0], 0),
            frame(&[0x82, 126, 0x01, 0x00], 256),
            frame(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
            // A client's, with a mask.
            frame(&[0x81, 0x83, 1, 2, 3, 4], 3),
        ];
        let ends: Vec<usize> = frames
            .iter()
            .scan(0, |end, frame| {
                *end += frame.len();
                Some(*end)
            })
            .collect();

        assert_eq!(between(&frames.concat(), 1), ends);
    }

    #[test]
    fn however_the_bytes_are_cut_the_last_frame_ends_at_the_end() {
        let stream = [frame(&[0x81, 5], 5), frame(&[0x82, 126, 0x01, 0x00], 256)].concat();
        for piece in [2, 3, 7, 100, 1000] {
            assert_eq!(between(&stream, piece).last(), Some(&stream.len()), "{piece}");
        }
    }

    #[test]
    fn a_frame_that_has_begun_is_not_between_two() {
        let mut frames = Frames::default();

        frames.pass(&[0x81]);

        assert!(!frames.is_between());
    }

    /// Short payloads, so that many frames end in a stream of any bytes; long ones are in the other stories.
    fn almost_frames() -> impl Strategy<Value = Vec<u8>> {
        let small = prop_oneof![4 => 0..6_u8, 1 => 0x80..0x86_u8, 1 => any::<u8>()];
        prop::collection::vec(small, 0..120)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn frames_end_where_they_end_however_their_bytes_arrive(stream in almost_frames(), piece in 1..40_usize) {
            let ends = between(&stream, 1);
            let in_pieces = between(&stream, piece);

            let cuts = (1..=stream.len()).filter(|at| at % piece == 0 || *at == stream.len());
            prop_assert_eq!(in_pieces, cuts.filter(|at| ends.contains(at)).collect::<Vec<_>>());
        }
    }
}
