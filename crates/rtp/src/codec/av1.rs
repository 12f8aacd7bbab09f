//! AV1: the aggregation header, and the dependency descriptor with the frame's dependencies (AOMedia, "RTP
//! Payload Format For AV1", section 4.4 and appendix A).

use super::Peek;

/// Keyframe and frame start by the aggregation header alone: N says that a coded video sequence begins,
/// Z that the packet goes on with an OBU of the packet before.
#[inline]
pub fn peek(payload: &[u8]) -> Peek {
    let Some(&header) = payload.first() else {
        return Peek::default();
    };
    let continues = header & 0x80 != 0;
    Peek {
        keyframe: header & 0x08 != 0 && !continues,
        frame_start: !continues,
        switch_up: true,
        ..Peek::default()
    }
}

/// The most templates that a structure can have, since their ids have 6 bits.
const MAX_TEMPLATES: usize = 64;

/// One template of a dependency structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Template {
    spatial: u8,
    temporal: u8,
    /// Decode target indications, two bits each, target 0 lowest.
    indications: u64,
}

/// The template structure: a keyframe's descriptor holds it for all frames that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Structure {
    first_id: u8,
    targets: u8,
    templates: Vec<Template>,
}

/// The dependency descriptor of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Dependency {
    /// First packet of a frame.
    pub start: bool,
    /// Last packet of a frame.
    pub end: bool,
    /// The frame's number.
    pub frame_number: u16,
    /// The descriptor carries a new structure: a keyframe.
    pub keyframe: bool,
    /// The frame's layers.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
    /// Some decode target may be switched to here.
    pub switch_up: bool,
    /// No other frame needs this one, in any decode target that has it.
    pub discardable: bool,
    /// The active decode targets, if the descriptor names them.
    pub active_targets: Option<u32>,
}

impl From<Dependency> for Peek {
    fn from(dependency: Dependency) -> Self {
        Self {
            keyframe: dependency.keyframe && dependency.start,
            frame_start: dependency.start,
            spatial: dependency.spatial,
            temporal: dependency.temporal,
            switch_up: dependency.switch_up || dependency.temporal == 0,
            discardable: dependency.discardable,
        }
    }
}

/// Reads a stream's descriptors, in the order in which its packets come. Keeps the last structure.
#[derive(Clone, Debug, Default)]
pub struct DependencyReader {
    structure: Option<Box<Structure>>,
}

/// Indication 1: no other frame needs it. 2: one can switch to the target here.
const DISCARDABLE: u64 = 1;
const SWITCH: u64 = 2;

impl DependencyReader {
    /// A reader that has seen no keyframe yet.
    pub const fn new() -> Self {
        Self { structure: None }
    }

    /// Reads the extension's data. `None` if it ends too early, or refers to a structure that never came.
    pub fn read(&mut self, data: &[u8]) -> Option<Dependency> {
        let mut bits = Bits { bytes: data, at: 0 };
        let mut dependency = Dependency {
            start: bits.flag()?,
            end: bits.flag()?,
            ..Dependency::default()
        };
        let template = bits.take(6)? as u8;
        dependency.frame_number = bits.take(16)? as u16;
        let mut own = None;
        if data.len() > 3 {
            let has_structure = bits.flag()?;
            let has_active = bits.flag()?;
            let own_indications = bits.flag()?;
            bits.take(2)?; // Own frame differences and own chains: nothing that a forwarder needs.
            if has_structure {
                self.structure = Some(Box::new(Structure::read(&mut bits)?));
                dependency.keyframe = true;
            }
            let targets = self.structure.as_ref()?.targets;
            if has_active {
                dependency.active_targets = Some(bits.take(targets.into())? as u32);
            }
            if own_indications {
                own = Some(read_indications(&mut bits, targets)?);
            }
        }
        let structure = self.structure.as_ref()?;
        let index = usize::from((template + 64 - structure.first_id) % 64);
        let template = structure.templates.get(index)?;
        dependency.spatial = template.spatial;
        dependency.temporal = template.temporal;
        let indications = own.unwrap_or(template.indications);
        let mut each = (0..structure.targets).map(|target| indications >> (target * 2) & 3);
        dependency.discardable = each.clone().all(|indication| indication <= DISCARDABLE);
        dependency.switch_up = each.any(|indication| indication == SWITCH);
        Some(dependency)
    }
}

fn read_indications(bits: &mut Bits<'_>, targets: u8) -> Option<u64> {
    (0..targets).try_fold(0, |all, target| Some(all | bits.take(2)? << (target * 2)))
}

impl Structure {
    fn read(bits: &mut Bits<'_>) -> Option<Self> {
        let first_id = bits.take(6)? as u8;
        let targets = bits.take(5)? as u8 + 1;
        let mut templates = read_layers(bits)?;
        for template in &mut templates {
            template.indications = read_indications(bits, targets)?;
        }
        for _ in &templates {
            while bits.flag()? {
                bits.take(4)?;
            }
        }
        let chains = bits.non_symmetric(u32::from(targets) + 1)?;
        if chains > 0 {
            for _ in 0..targets {
                bits.non_symmetric(chains)?;
            }
            for _ in 0..templates.len() as u32 * chains {
                bits.take(4)?;
            }
        }
        if bits.flag()? {
            let spatial_layers = templates.iter().map(|t| t.spatial).max().unwrap_or(0) + 1;
            for _ in 0..spatial_layers {
                bits.take(32)?;
            }
        }
        Some(Self {
            first_id,
            targets,
            templates,
        })
    }
}

fn read_layers(bits: &mut Bits<'_>) -> Option<Vec<Template>> {
    let mut templates = Vec::new();
    let (mut spatial, mut temporal) = (0_u8, 0_u8);
    loop {
        if templates.len() == MAX_TEMPLATES {
            return None;
        }
        templates.push(Template {
            spatial,
            temporal,
            indications: 0,
        });
        match bits.take(2)? {
            0 => {}
            1 => temporal = (temporal < 7).then_some(temporal + 1)?,
            2 => {
                temporal = 0;
                spatial = (spatial < 3).then_some(spatial + 1)?;
            }
            _ => return Some(templates),
        }
    }
}

/// Reads bits, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Option<bool> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    fn take(&mut self, count: u32) -> Option<u64> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | u64::from(self.flag()?)))
    }

    /// `ns(n)` of the AV1 specification, section 4.10.7.
    fn non_symmetric(&mut self, n: u32) -> Option<u32> {
        let width = 32 - n.leading_zeros();
        let short = (1_u32 << width) - n;
        let value = self.take(width - 1)? as u32;
        if value < short {
            return Some(value);
        }
        let extra = u32::from(self.flag()?);
        Some((value << 1) - short + extra)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes bits as the descriptor has them.
    #[derive(Default)]
    struct Writer(Vec<bool>);

    impl Writer {
        fn put(&mut self, value: u64, count: u32) -> &mut Self {
            self.0
                .extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
            self
        }

        fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| {
                bits.iter()
                    .enumerate()
                    .fold(0, |b, (i, bit)| b | u8::from(*bit) << (7 - i))
            };
            self.0.chunks(8).map(byte).collect()
        }
    }

    /// L1T2: two templates, two decode targets, one chain, a resolution.
    fn keyframe() -> Vec<u8> {
        let mut w = Writer::default();
        w.put(0b11, 2).put(10, 6).put(7, 16); // start, end, template id 10, frame 7
        w.put(0b10000, 5); // a structure, nothing else
        w.put(10, 6).put(1, 5); // first id 10, two targets
        w.put(1, 2).put(3, 2); // next temporal layer, end
        w.put(0b1010, 4).put(0b0001, 4); // T0: switch in both; T1: absent in 0, discardable in 1
        w.put(0, 1).put(0b10_0000, 6); // differences: none; one
        w.put(0b10, 2); // chain count 1 as ns(3): 0 is one bit, 1 is "10"
        // Protected by ns(1): no bits. Chain differences, 4 bits for each template.
        w.put(0, 4).put(1, 4);
        w.put(1, 1).put(639, 16).put(359, 16);
        w.bytes()
    }

    #[test]
    fn reads_a_structure_and_the_frames_that_refer_to_it() {
        let mut reader = DependencyReader::new();
        assert_eq!(reader.read(&[0xc0 | 11, 0, 8]), None, "no structure yet");
        let first = reader.read(&keyframe()).expect("whole");
        assert!(first.keyframe && first.start && first.end && first.switch_up);
        assert_eq!((first.frame_number, first.temporal), (7, 0));
        let second = reader.read(&[0xc0 | 11, 0, 8]).expect("known");
        assert!(!second.keyframe && second.discardable && !second.switch_up);
        assert_eq!(
            (second.frame_number, second.temporal, second.spatial),
            (8, 1, 0)
        );
        assert_eq!(
            reader.read(&[0xc0 | 12, 0, 9]),
            None,
            "a template that was never defined"
        );
    }

    #[test]
    fn a_descriptor_that_ends_too_early_is_none() {
        let whole = keyframe();
        for len in 0..whole.len() - 1 {
            assert_eq!(DependencyReader::new().read(&whole[..len]), None, "{len}");
        }
    }

    #[test]
    fn the_aggregation_header_tells_a_new_sequence() {
        assert!(peek(&[0x08, 0]).keyframe && !peek(&[0x88, 0]).keyframe && !peek(&[0x10]).keyframe);
        assert!(!peek(&[0x80]).frame_start);
    }
}
