//! The imports of a shared library that is loaded in this process, found by walking its ELF tables in memory.
//!
//! Layouts: System V ABI, chapter "Dynamic Linking", with the x86-64 supplement; symbol versions as glibc defines them
//! (`struct` definitions of `elf.h`).

use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;

use libc::{Elf64_Phdr, Elf64_Sym, dl_phdr_info};

/// A reference from the library to a symbol that another library defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) name: &'static str,
    /// The library that the reference was linked against, for example `libm.so.6`; `None` where it bears no version.
    pub(super) library: Option<&'static str>,
    /// Address of the 8 bytes that hold the symbol's address.
    slot: usize,
}

/// A loaded library.
#[derive(Debug)]
pub(super) struct Image {
    base: usize,
    /// Addresses that the loader made read-only after it had bound all symbols (`PT_GNU_RELRO`).
    sealed: Range<usize>,
    dynamic: *const DynamicEntry,
}

impl Image {
    /// Finds the library whose code or data contains `address`.
    pub(super) fn containing(address: usize) -> Option<Self> {
        struct Search {
            address: usize,
            found: Option<Image>,
        }

        /// # Safety
        /// Called by `dl_iterate_phdr` with the `Search` that was given to it.
        unsafe extern "C" fn visit(
            info: *mut dl_phdr_info,
            _size: usize,
            search: *mut c_void,
        ) -> c_int {
            // SAFETY: the loader passes a valid description, and `search` is ours.
            let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
            // SAFETY: the loader describes its own table.
            let headers =
                unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
            let base = address_of(info.dlpi_addr);
            let range = |header: &Elf64_Phdr| {
                let start = base + address_of(header.p_vaddr);
                start..start + address_of(header.p_memsz)
            };
            let is_ours = headers.iter().any(|header| {
                header.p_type == libc::PT_LOAD && range(header).contains(&search.address)
            });
            if !is_ours {
                return 0;
            }
            let first = |kind: u32| {
                headers
                    .iter()
                    .find(|header| header.p_type == kind)
                    .map(range)
            };
            search.found = first(libc::PT_DYNAMIC).map(|dynamic| Image {
                base,
                sealed: first(libc::PT_GNU_RELRO).unwrap_or(0..0),
                dynamic: std::ptr::with_exposed_provenance(dynamic.start),
            });
            1
        }

        let mut search = Search {
            address,
            found: None,
        };
        // SAFETY: `visit` has the right type and `search` outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
        search.found
    }

    /// All imported symbols, one entry per slot, in the order of the relocation tables.
    pub(super) fn imports(&self) -> Result<Vec<Import>, String> {
        let symbols: *const Elf64_Sym = self.table(DT_SYMTAB)?;
        let strings: *const i8 = self.table(DT_STRTAB)?;
        let versions = Versions {
            indices: self.table(DT_VERSYM)?,
            needs: self.table(DT_VERNEED)?,
            files: self.entry(DT_VERNEEDNUM).unwrap_or(0),
            strings,
        };
        let mut imports = Vec::new();
        for (table, size) in [(DT_JMPREL, DT_PLTRELSZ), (DT_RELA, DT_RELASZ)] {
            let relocations: *const Relocation = self.table(table)?;
            let size = self.entry(size).ok_or("a relocation table has no size")?;
            for index in 0..size / size_of::<Relocation>() {
                // SAFETY: within the table that the dynamic section describes.
                let relocation = unsafe { &*relocations.add(index) };
                let kind = relocation.info & 0xffff_ffff;
                if ![R_X86_64_64, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT].contains(&kind) {
                    continue;
                }
                let symbol_index = address_of(relocation.info >> 32);
                // SAFETY: relocations name entries of the symbol table.
                let symbol = unsafe { &*symbols.add(symbol_index) };
                if symbol.st_shndx != SHN_UNDEF {
                    continue;
                }
                imports.push(Import {
                    // SAFETY: symbols name entries of the string table.
                    name: unsafe { text(strings, symbol.st_name)? },
                    library: versions.library(symbol_index)?,
                    slot: self.base + address_of(relocation.offset),
                });
            }
        }
        Ok(imports)
    }

    /// Stores `address` in the slot of an import of this image.
    ///
    /// # Safety
    /// `address` is a function of the type that callers of the slot expect, valid for the rest of the process.
    pub(super) unsafe fn bind(&self, import: &Import, address: usize) -> Result<(), String> {
        // SAFETY: asks for a constant of the system.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) })
            .map_err(|_| "the page size is unknown")?;
        let start = import.slot & !(page - 1);
        let pages: *mut c_void = std::ptr::with_exposed_provenance_mut(start);
        let protect = |protection: c_int| {
            // SAFETY: one page of the library's own data; a slot is aligned to 8, so it does not straddle two.
            match unsafe { libc::mprotect(pages, page, protection) } {
                0 => Ok(()),
                _ => Err(format!(
                    "cannot change the protection of `{}`: {}",
                    import.name,
                    std::io::Error::last_os_error()
                )),
            }
        };
        protect(libc::PROT_READ | libc::PROT_WRITE)?;
        let slot: *mut usize = std::ptr::with_exposed_provenance_mut(import.slot);
        // SAFETY: writable now, aligned, and read by other threads in one piece.
        unsafe { std::sync::atomic::AtomicUsize::from_ptr(slot) }
            .store(address, std::sync::atomic::Ordering::SeqCst);
        if self.sealed.contains(&import.slot) {
            protect(libc::PROT_READ)?;
        }
        Ok(())
    }

    fn entry(&self, tag: i64) -> Option<usize> {
        let mut at = self.dynamic;
        loop {
            // SAFETY: the dynamic section ends with an entry of tag `DT_NULL`.
            let entry = unsafe { &*at };
            match entry.tag {
                DT_NULL => return None,
                found if found == tag => return Some(address_of(entry.value)),
                // SAFETY: this was not the last entry.
                _ => at = unsafe { at.add(1) },
            }
        }
    }

    /// glibc's loader makes most pointers of the dynamic section absolute, but not all of them.
    fn table<T>(&self, tag: i64) -> Result<*const T, String> {
        let stored = self
            .entry(tag)
            .ok_or_else(|| format!("the library has no dynamic entry {tag:#x}"))?;
        // No library is as large as the lowest address that one is loaded at.
        let address = if stored < self.base {
            self.base + stored
        } else {
            stored
        };
        Ok(std::ptr::with_exposed_provenance(address))
    }
}

impl Import {
    /// The address that calls through this import reach.
    pub(super) fn address(&self) -> usize {
        let slot: *mut usize = std::ptr::with_exposed_provenance_mut(self.slot);
        // SAFETY: an aligned slot of a library that stays loaded.
        unsafe { std::sync::atomic::AtomicUsize::from_ptr(slot) }
            .load(std::sync::atomic::Ordering::SeqCst)
    }
}

/// The tables that say which library a versioned symbol was linked against.
struct Versions {
    /// One version index per symbol.
    indices: *const u16,
    needs: *const VersionNeed,
    /// Number of entries of `needs`.
    files: usize,
    strings: *const i8,
}

#[repr(C)]
struct VersionNeed {
    version: u16,
    count: u16,
    file: u32,
    aux: u32,
    next: u32,
}

#[repr(C)]
struct VersionAux {
    hash: u32,
    flags: u16,
    other: u16,
    name: u32,
    next: u32,
}

impl Versions {
    fn library(&self, symbol: usize) -> Result<Option<&'static str>, String> {
        // SAFETY: the table has one entry per symbol; the highest bit only hides.
        let wanted = unsafe { *self.indices.add(symbol) } & 0x7fff;
        let mut need = self.needs;
        for _ in 0..self.files {
            // SAFETY: `files` entries are chained by byte offsets, each with `count` chained versions.
            unsafe {
                let mut aux: *const VersionAux = need.byte_add((*need).aux as usize).cast();
                for _ in 0..(*need).count {
                    if (*aux).other & 0x7fff == wanted {
                        return text(self.strings, (*need).file).map(Some);
                    }
                    aux = aux.byte_add((*aux).next as usize);
                }
                need = need.byte_add((*need).next as usize);
            }
        }
        Ok(None)
    }
}

/// # Safety
/// `offset` lies in the string table `strings` of a library that stays loaded.
unsafe fn text(strings: *const i8, offset: u32) -> Result<&'static str, String> {
    // SAFETY: strings of the table end in a zero byte.
    unsafe { CStr::from_ptr(strings.add(offset as usize).cast()) }
        .to_str()
        .map_err(|_| "a symbol name is not UTF-8".to_owned())
}

/// An address or size of this 64-bit platform.
fn address_of(value: u64) -> usize {
    usize::try_from(value).expect("this module is compiled for 64-bit platforms only")
}

/// `Elf64_Dyn`.
#[repr(C)]
#[derive(Debug)]
struct DynamicEntry {
    tag: i64,
    value: u64,
}

/// `Elf64_Rela`.
#[repr(C)]
struct Relocation {
    offset: u64,
    info: u64,
    addend: i64,
}

const SHN_UNDEF: u16 = 0;
const R_X86_64_64: u64 = 1;
const R_X86_64_GLOB_DAT: u64 = 6;
const R_X86_64_JUMP_SLOT: u64 = 7;
const DT_NULL: i64 = 0;
const DT_PLTRELSZ: i64 = 2;
const DT_STRTAB: i64 = 5;
const DT_SYMTAB: i64 = 6;
const DT_RELA: i64 = 7;
const DT_RELASZ: i64 = 8;
const DT_JMPREL: i64 = 23;
const DT_VERSYM: i64 = 0x6fff_fff0;
const DT_VERNEED: i64 = 0x6fff_fffe;
const DT_VERNEEDNUM: i64 = 0x6fff_ffff;
