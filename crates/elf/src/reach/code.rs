//! What leads where in a library: functions, and what each refers to.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::Problem;
use crate::reach::decoded::{Decoded, End, Meaning, Stub, Use};
use crate::reach::frames::{self, Frames};
use crate::reach::image::{Image, Segment, word};
use crate::reach::{Refusal, text, x86_64};

/// A library's functions, and what leads from each to others.
#[derive(Debug)]
pub struct Code {
    /// In the order of their addresses.
    pub(super) functions: Vec<Function>,
    /// What is needed whoever uses the library, and whatever for.
    pub(super) roots: BTreeSet<Target>,
    /// Names that others can ask for, and the functions that these are.
    pub(super) exports: Vec<(Vec<u8>, u32)>,
    /// Names that it asks for itself.
    pub(super) names: Vec<Vec<u8>>,
    /// Where in the file data begin that something points at, in order.
    pub(super) starts: Vec<u64>,
    /// What the processor stops at.
    pub(super) trap: &'static [u8],
}

/// A function.
#[derive(Debug, Default)]
pub(super) struct Function {
    /// Where its body lies in the file.
    pub(super) body: Range<u64>,
    pub(super) leads_to: BTreeSet<Target>,
    /// Whether it may go back to who called it by itself.
    pub(super) returns: bool,
    /// Whether it is a row of stubs: it stays, and who jumps to one of them reaches what that one
    /// leads to.
    pub(super) is_stubs: bool,
    /// What it jumps to, which may go back in its place.
    pub(super) hands_over: BTreeSet<Target>,
    /// Which function it runs into if what it calls at its end comes back.
    pub(super) behind: Option<(u32, BTreeSet<Target>)>,
}

/// What something refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Target {
    /// A function of the same library, by its number.
    Function(u32),
    /// A name that any library may define, by its number.
    Name(u32),
}

impl Code {
    /// Reads a library.
    ///
    /// # Errors
    ///
    /// When it is none, is damaged, or holds something that may refer to code in ways that are not
    /// followed.
    pub fn read(data: &[u8]) -> Result<Self, Refusal> {
        let image = Image::read(data)?;
        if !image.is_library {
            return Err(Refusal::Program);
        }
        if image.architecture.name() != "x86-64" {
            return Err(Refusal::Machine(image.architecture.name()));
        }
        if image.has_overlaps() {
            return Err(Refusal::Damaged(Problem::Malformed("segments overlap")));
        }
        if image.relocates_otherwise {
            return Err(Refusal::RelocatesOtherwise);
        }
        let frames = frames::read(&image)?;
        Reader::new(&image, frames)?.read()
    }

    /// How many functions there are.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// The names that it asks for itself.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(Vec::as_slice)
    }

    /// The names that others can ask for.
    pub fn exports(&self) -> impl Iterator<Item = &[u8]> {
        self.exports.iter().map(|(name, _)| name.as_slice())
    }
}

/// Code of a library that computes with more tables would take too long to follow.
const MOST_TABLES: usize = 1 << 23;

struct Reader<'a> {
    image: &'a Image<'a>,
    frames: Frames,
    /// Which functions are rows of stubs.
    stubs: BTreeSet<u32>,
    /// For each word of the table of offsets, what the loader puts there.
    slots: HashMap<u64, Vec<Target>>,
    /// Data that something points at.
    starts: BTreeSet<u64>,
    /// Who computes with a base and the address of data: a table may stand there.
    tables: Vec<(Owner, u64, u64)>,
    numbers: HashMap<&'a [u8], u32>,
    roots: BTreeSet<Target>,
    functions: Vec<Function>,
}

/// To whom a reference belongs.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Function(usize),
    /// To what is needed anyway.
    Anybody,
}

impl<'a> Reader<'a> {
    fn new(image: &'a Image<'a>, frames: Frames) -> Result<Self, Refusal> {
        let stubs = rows_of_stubs(image, &frames);
        let mut reader = Self {
            image,
            stubs,
            frames,
            slots: HashMap::new(),
            starts: BTreeSet::new(),
            tables: Vec::new(),
            numbers: HashMap::new(),
            roots: BTreeSet::new(),
            functions: Vec::new(),
        };
        reader.relocations()?;
        Ok(reader)
    }

    fn read(mut self) -> Result<Code, Refusal> {
        let entries = self.image.entries.iter().chain(&self.frames.personalities);
        let resolvers = self.image.symbols.iter().filter(|symbol| symbol.is_resolver);
        let resolvers = resolvers.filter_map(|symbol| symbol.address);
        let roots: Vec<_> =
            entries.copied().chain(resolvers).filter_map(|to| self.function(to)).collect();
        self.roots.extend(roots);

        let mut exports = Vec::new();
        for symbol in &self.image.symbols {
            self.starts.extend(symbol.address);
            if let Some(Target::Function(number)) = symbol.address.and_then(|at| self.function(at))
            {
                exports.push((symbol.name.to_vec(), number));
            }
        }
        self.all_code()?;
        let tables = self.all_tables()?;
        self.words_that_count_from_themselves(&tables);
        let mut names = vec![Vec::new(); self.numbers.len()];
        for (name, number) in self.numbers {
            names[number as usize] = name.to_vec();
        }
        let starts = self.starts.iter().filter_map(|start| {
            let segment = self.image.segment(*start)?;
            Some(segment.offset + (start - segment.address))
        });
        let mut starts: Vec<_> = starts.collect();
        starts.sort_unstable();
        Ok(Code {
            functions: self.functions,
            roots: self.roots,
            exports,
            names,
            starts,
            trap: x86_64::TRAP,
        })
    }

    /// The function that an address lies in.
    fn function(&self, address: u64) -> Option<Target> {
        let functions = &self.frames.functions;
        let number = functions.partition_point(|range| range.end <= address);
        let found = functions.get(number).filter(|range| range.contains(&address));
        found.map(|_| Target::Function(number_of(number)))
    }

    fn begins_function(&self, address: u64) -> bool {
        self.frames.functions.binary_search_by_key(&address, |range| range.start).is_ok()
    }

    /// Whether one of the linker's jumps through a word that the loader fills stands there.
    fn is_stub(&self, address: u64) -> bool {
        let stub = x86_64::stub(self.code_from(address), address);
        matches!(stub, Some(Stub::Through(slot)) if self.slots.contains_key(&slot))
    }

    fn name(&mut self, name: &'a [u8]) -> Target {
        let next = number_of(self.numbers.len());
        Target::Name(*self.numbers.entry(name).or_insert(next))
    }

    fn relocations(&mut self) -> Result<(), Refusal> {
        for relocation in &self.image.relocations {
            let kind = relocation.kind;
            let meaning = x86_64::meaning(kind).ok_or(Refusal::Relocation(kind))?;
            let mut targets = Vec::new();
            if meaning != Meaning::Nothing && relocation.symbol != 0 {
                let symbol = self.image.symbols.get(relocation.symbol);
                let symbol = symbol.ok_or(Refusal::Relocation(kind))?;
                targets.push(self.name(symbol.name));
                let address = symbol.address.map(|at| at.wrapping_add_signed(relocation.addend));
                targets.extend(address.and_then(|address| self.function(address)));
                targets.extend(symbol.address.and_then(|address| self.function(address)));
                self.starts.extend(address);
            }
            match meaning {
                Meaning::Nothing => {}
                Meaning::Slot => {
                    // Before the loader's work it may hold the address of what binds it lazily.
                    let before = word(self.image, relocation.place).cast_unsigned();
                    let lazy = self.reached(before);
                    self.roots.extend(lazy);
                    self.slots.entry(relocation.place).or_default().extend(targets);
                }
                Meaning::Symbol => self.roots.extend(targets),
                Meaning::Address => {
                    let address = relocation.addend.cast_unsigned();
                    let pointed_at = self.pointed_at(address);
                    self.roots.extend(targets.into_iter().chain(pointed_at));
                    self.starts.insert(address);
                }
            }
        }
        Ok(())
    }

    /// What an address means by itself: a function, or the name of one to be looked up.
    fn pointed_at(&mut self, address: u64) -> Vec<Target> {
        let mut targets = self.reached(address);
        if !self.image.is_executable(address)
            && let Some(name) = text::name_at(self.image.bytes_from(address))
        {
            targets.push(self.name(name));
        }
        targets
    }

    /// The functions that the processor comes to at an address, or by the word that stands there.
    fn reached(&self, address: u64) -> Vec<Target> {
        if let Some(slot) = self.slots.get(&address) {
            return slot.clone();
        }
        let Some(function) = self.function(address) else {
            let stub = x86_64::stub(self.code_from(address), address);
            return match stub {
                Some(Stub::Through(slot)) => self.slots.get(&slot).cloned().unwrap_or_default(),
                _ => Vec::new(),
            };
        };
        let is_stub = matches!(function, Target::Function(number) if self.stubs.contains(&number));
        match x86_64::stub(self.code_from(address), address).filter(|_| is_stub) {
            Some(Stub::Through(slot)) => self.slots.get(&slot).cloned().unwrap_or_default(),
            Some(Stub::Binds(to)) if self.function(to) == Some(function) => Vec::new(),
            _ => vec![function],
        }
    }

    /// What may be code from an address on.
    fn code_from(&self, address: u64) -> &'a [u8] {
        if self.image.is_executable(address) { self.image.bytes_from(address) } else { &[] }
    }

    /// Reads every function, and the code between functions, all of which is taken as needed.
    fn all_code(&mut self) -> Result<(), Refusal> {
        let mut segments: Vec<_> =
            self.image.segments.iter().filter(|segment| segment.executable).collect();
        segments.sort_by_key(|segment| segment.address);
        for segment in segments {
            let mut at = segment.address;
            let mut before = End::Stops;
            while let Some(range) = self.frames.functions.get(self.functions.len()).cloned() {
                if range.end > segment.end() {
                    break;
                }
                let between = self.between(segment, at..range.start)?;
                self.runs_into_next(before, between);
                before = self.one_function(segment, &range)?;
                at = range.end;
            }
            self.between(segment, at..segment.end())?;
        }
        Ok(())
    }

    fn one_function(&mut self, segment: &Segment, range: &Range<u64>) -> Result<End, Refusal> {
        let decoded = x86_64::decode(slice(segment, range), range.start);
        let number = self.functions.len();
        let start = segment.offset + (range.start - segment.address);
        let body = start..start + (range.end - range.start);
        let is_stubs = self.stubs.contains(&number_of(number));
        let leads_to = self.targets(&decoded, range, Owner::Function(number))?;
        let jumps = decoded.references.iter().filter(|one| one.used == Use::Jump && one.is_sure);
        let away = jumps.filter(|jump| !range.contains(&jump.target));
        let mut hands_over = BTreeSet::new();
        let mut returns = decoded.returns;
        for jump in away {
            let reached = self.reached(jump.target);
            // Nobody knows what is behind such a jump.
            returns |= reached.is_empty();
            hands_over.extend(reached);
        }
        self.functions.push(Function {
            body,
            leads_to,
            is_stubs,
            returns,
            hands_over,
            behind: None,
        });
        Ok(decoded.end)
    }

    /// Notes what leads to the function that is read next from what stands before it.
    fn runs_into_next(&mut self, before: End, between: Between) {
        let number = number_of(self.functions.len());
        let next = Target::Function(number);
        if between == (Between::Code { goes_on: true }) {
            self.roots.insert(next);
        }
        if between != Between::Padding {
            return;
        }
        let callee = match before {
            End::Stops => return,
            End::GoesOn => Vec::new(),
            End::Calls(address) => self.reached(address),
        };
        let before = self.functions.last_mut().expect("it does not stop");
        if callee.is_empty() {
            before.leads_to.insert(next);
            before.hands_over.insert(next);
        } else {
            before.behind = Some((number, callee.into_iter().collect()));
        }
    }

    /// Reads what stands between functions, in hand-written code above all.
    fn between(&mut self, segment: &Segment, range: Range<u64>) -> Result<Between, Refusal> {
        let decoded = x86_64::decode(slice(segment, &range), range.start);
        if decoded.is_padding {
            return Ok(Between::Padding);
        }
        // Who jumps to a stub is taken to reach what that one leads to.
        let leads_away = |to: u64| self.image.is_executable(to) && !range.contains(&to);
        let mut sure = decoded.references.iter().filter(|one| one.is_sure);
        if decoded.is_stubs && !sure.any(|reference| leads_away(reference.target)) {
            return Ok(Between::Code { goes_on: false });
        }
        let targets = self.targets(&decoded, &range, Owner::Anybody)?;
        self.roots.extend(targets);
        Ok(Between::Code { goes_on: decoded.end != End::Stops })
    }

    /// What a piece of code leads to.
    fn targets(
        &mut self,
        decoded: &Decoded,
        own: &Range<u64>,
        owner: Owner,
    ) -> Result<BTreeSet<Target>, Refusal> {
        if self.counts_widely(decoded) {
            return Err(Refusal::Computes);
        }
        let mut targets = BTreeSet::new();
        let mut bases = BTreeSet::new();
        let mut data = BTreeSet::new();
        for reference in &decoded.references {
            let to = reference.target;
            let is_address = reference.used == Use::Address;
            if own.contains(&to) {
                if is_address && reference.is_sure {
                    bases.insert(to);
                }
                continue;
            }
            if Some(to) == self.image.offset_table && is_address && reference.is_sure {
                return Err(Refusal::Computes);
            }
            let is_exact = self.begins_function(to) || self.slots.contains_key(&to);
            if reference.is_sure || is_exact {
                targets.extend(self.reached(to));
            }
            if is_address && self.function(to).is_none() {
                data.insert(to);
                if reference.is_sure {
                    self.starts.insert(to);
                }
            }
        }
        for start in data {
            targets.extend(self.pointed_at(start));
            let bases = bases.iter().chain([&start]);
            self.tables.extend(bases.map(|base| (owner, *base, start)));
            if self.tables.len() > MOST_TABLES {
                return Err(Refusal::Computes);
            }
        }
        Ok(targets)
    }

    /// Whether code adds wide distances to addresses, as compilers make it for libraries of any size
    /// (`-mcmodel=large`): it calls functions so, too.
    fn counts_widely(&self, decoded: &Decoded) -> bool {
        let loaded = self.image.extent();
        let references = decoded.references.iter();
        let mut addresses = references.filter(|one| one.is_sure && one.used == Use::Address);
        addresses.any(|address| {
            let distance = |to: u64| i128::from(to) - i128::from(address.target);
            decoded.wide.range(distance(loaded.start)..=distance(loaded.end)).next().is_some()
        })
    }

    /// Follows every table of distances from an address, as that of a `switch`, up to the next that
    /// something points at. Gives where the tables lie.
    fn all_tables(&mut self) -> Result<BTreeSet<u64>, Refusal> {
        /// All tables of a real library have fewer words, those that only seem to be some included.
        const MOST_WORDS: usize = 1 << 24;
        let mut places = BTreeSet::new();
        let mut words_left = MOST_WORDS;
        for (owner, base, table) in std::mem::take(&mut self.tables) {
            let next =
                self.starts.range(table.saturating_add(1)..).next().copied().unwrap_or(u64::MAX);
            let words = self.image.bytes_from(table).as_chunks::<4>().0;
            for (place, bytes) in (table..next).step_by(4).zip(words) {
                let target = base.wrapping_add_signed(i32::from_le_bytes(*bytes).into());
                words_left = words_left.checked_sub(1).ok_or(Refusal::Computes)?;
                if !self.image.is_executable(target) {
                    break;
                }
                places.insert(place);
                let function = self.function(target);
                match owner {
                    Owner::Function(number) => self.functions[number].leads_to.extend(function),
                    Owner::Anybody => self.roots.extend(function),
                }
            }
        }
        Ok(places)
    }

    /// Some languages point at functions by words that count from their own place.
    fn words_that_count_from_themselves(&mut self, tables: &BTreeSet<u64>) {
        let [index, frames] = self.frames.tables.clone();
        let mut found = Vec::new();
        for segment in self.image.segments.iter().filter(|segment| !segment.executable) {
            let places = (segment.address..).step_by(4);
            for (place, bytes) in places.zip(segment.bytes.as_chunks::<4>().0) {
                let offset = i32::from_le_bytes(*bytes);
                let target = place.wrapping_add_signed(offset.into());
                let in_file = segment.offset + (place - segment.address);
                let is_known = index.contains(&place)
                    || frames.contains(&place)
                    || tables.contains(&place)
                    || self.image.headers.contains(&in_file);
                if offset == 0 || is_known {
                    continue;
                }
                if self.begins_function(target) || self.is_stub(target) {
                    found.extend(self.reached(target));
                }
            }
        }
        self.roots.extend(found);
    }
}

/// Functions, as the tables have it, that are rows of stubs.
fn rows_of_stubs(image: &Image, frames: &Frames) -> BTreeSet<u32> {
    let mut rows = BTreeSet::new();
    for (number, range) in frames.functions.iter().enumerate() {
        let segment = image.segment(range.start).expect("functions lie in segments");
        let code = slice(segment, range);
        if x86_64::stub(code, range.start).is_some() {
            let decoded = x86_64::decode(code, range.start);
            let mut jumps = decoded.references.iter().filter(|one| one.is_sure);
            let leads_away =
                jumps.any(|jump| image.is_executable(jump.target) && !range.contains(&jump.target));
            if decoded.is_stubs && !leads_away {
                rows.insert(number_of(number));
            }
        }
    }
    rows
}

/// What stands between two functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Padding,
    Code { goes_on: bool },
}

fn slice<'data>(segment: &Segment<'data>, range: &Range<u64>) -> &'data [u8] {
    let at = |address: u64| {
        usize::try_from(address - segment.address).expect("the segment is in memory")
    };
    &segment.bytes[at(range.start)..at(range.end)]
}

fn number_of(index: usize) -> u32 {
    u32::try_from(index).expect("a file holds fewer functions and names")
}
