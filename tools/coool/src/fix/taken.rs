//! Whether an office program says that it has a document open.
//!
//! It read the document when it was opened, and does not look again before it saves: what is written
//! meanwhile would be lost, or what is being written in the program.
//!
//! Proof: `tests/saving.rs::a_document_that_is_open_in_an_office_program_is_left_to_it`

use files::sighting::status;

use super::Place;

/// The name of the file by which a program says so, where there is one.
pub(super) fn sign(place: &Place) -> Option<Vec<u8>> {
    let is_there = |name: &Vec<u8>| status(&place.folder, name).is_ok();
    signs(&place.name).find(is_there)
}

/// LibreOffice puts the name between `.~lock.` and `#`. Microsoft's programs put `~$` before it,
/// which takes the place of one or two of its letters where it is long.
fn signs(name: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let libreoffice = [b".~lock.", name, b"#"].concat();
    let cut = |count| name.get(count..).filter(|rest| !rest.is_empty());
    let microsoft = (0..=2).filter_map(cut).map(|rest| [b"~$", rest].concat());
    std::iter::once(libreoffice).chain(microsoft.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_it_in_these_ways() {
        let signs: Vec<_> = signs(b"Report.docx").collect();
        let names = [".~lock.Report.docx#", "~$Report.docx", "~$eport.docx", "~$port.docx"];
        assert_eq!(signs, names.map(|name| name.as_bytes().to_vec()));
        assert_eq!(super::signs(b"a").count(), 2);
    }
}
