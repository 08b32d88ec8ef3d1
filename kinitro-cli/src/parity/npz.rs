//! Reads NumPy's `.npz` archives without trusting their size claims.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use ndarray::ArrayViewD;
use ndarray_npy::{ViewElement, ViewNpyExt as _};
use zip::ZipArchive;

/// Largest array that is read (bytes, with header). A parity recording's largest are 500 steps of 39 doubles, 0.16 MB.
const MAX_ARRAY_BYTES: u64 = 4 << 20;

/// NumPy writes the numbers at a multiple of 64 bytes; a buffer that starts at a multiple of 16 keeps every element aligned.
const ALIGNMENT: usize = 16;

/// An open `.npz` archive.
#[derive(Debug)]
pub(super) struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

impl Npz {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
        let archive = ZipArchive::new(BufReader::new(file))
            .with_context(|| format!("`{}` is not an npz archive", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            archive,
        })
    }

    /// Shape and elements (in C order) of the array `name`.
    pub(super) fn array<T: ViewElement + Copy>(
        &mut self,
        name: &str,
    ) -> anyhow::Result<(Vec<usize>, Vec<T>)> {
        self.read(name)
            .with_context(|| format!("cannot read array `{name}` of `{}`", self.path.display()))
    }

    /// The array `name` as rows, each of them `N` numbers.
    pub(super) fn rows<T: ViewElement + Copy, const N: usize>(
        &mut self,
        name: &str,
    ) -> anyhow::Result<Vec<[T; N]>> {
        let (shape, elements) = self.array(name)?;
        ensure!(
            matches!(shape[..], [_, columns] if columns == N),
            "array `{name}` of `{}` has shape {shape:?}, but needs {N} columns",
            self.path.display()
        );
        let (rows, _) = elements.as_chunks::<N>();
        Ok(rows.to_vec())
    }

    /// The array `name` of exactly `N` numbers in one dimension.
    pub(super) fn vector<T: ViewElement + Copy, const N: usize>(
        &mut self,
        name: &str,
    ) -> anyhow::Result<[T; N]> {
        let (shape, elements) = self.array(name)?;
        match <[T; N]>::try_from(elements) {
            Ok(vector) if shape.len() == 1 => Ok(vector),
            _ => bail!(
                "array `{name}` of `{}` has shape {shape:?}, but needs [{N}]",
                self.path.display()
            ),
        }
    }

    fn read<T: ViewElement + Copy>(&mut self, name: &str) -> anyhow::Result<(Vec<usize>, Vec<T>)> {
        let mut entry = self.archive.by_name(&format!("{name}.npy"))?;
        let size = entry.size();
        ensure!(
            size <= MAX_ARRAY_BYTES,
            "it has {size} bytes, more than {MAX_ARRAY_BYTES}"
        );
        let size = usize::try_from(size).expect("a few megabytes fit into memory");
        let mut buffer = vec![0_u8; size + ALIGNMENT];
        let start = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        let npy = &mut buffer[start..start + size];
        entry.read_exact(npy)?;
        // Reading to the end also checks the archive's checksum.
        ensure!(
            entry.read(&mut [0])? == 0,
            "it is longer than the {size} bytes that it claims"
        );
        // A view checks the header against the length that is really there, and allocates nothing by the header's word.
        let view = ArrayViewD::<T>::view_npy(npy)?;
        Ok((view.shape().to_vec(), view.iter().copied().collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use ndarray::{Array1, Array2, array};
    use ndarray_npy::WriteNpyExt as _;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// An archive of one array `a` in a temporary folder, opened.
    fn archive_of(npy: &[u8]) -> (tempfile::TempDir, Npz) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.npz");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file("a.npy", SimpleFileOptions::default())
            .unwrap();
        zip.write_all(npy).unwrap();
        zip.finish().unwrap();
        let npz = Npz::open(&path).unwrap();
        (dir, npz)
    }

    fn npy(array: &Array2<f64>) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    fn message<T: std::fmt::Debug>(result: anyhow::Result<T>) -> String {
        format!("{:#}", result.unwrap_err())
    }

    #[test]
    fn shapes_decide_how_an_array_is_read() {
        let (_dir, mut npz) = archive_of(&npy(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
        assert_eq!(
            npz.rows::<f64, 3>("a").unwrap(),
            [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
        );
        assert_eq!(
            npz.array::<f64>("a").unwrap(),
            (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        );
        assert!(message(npz.rows::<f64, 2>("a")).contains("needs 2 columns"));
        assert!(message(npz.vector::<f64, 6>("a")).contains("needs [6]"));
        assert!(message(npz.array::<f32>("a")).contains("cannot read array `a`"));
        assert!(message(npz.array::<f64>("b")).contains("cannot read array `b`"));
    }

    #[test]
    fn a_header_cannot_claim_more_than_there_is() {
        let mut bytes = npy(&Array2::zeros((1, 1)));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let shape = text.find("(1, 1)").expect("the header names the shape");
        bytes[shape..shape + 6].copy_from_slice(b"(9, 9)");
        let (_dir, mut npz) = archive_of(&bytes);
        npz.array::<f64>("a").unwrap_err();
    }

    #[test]
    fn an_array_that_would_inflate_beyond_the_limit_is_refused() {
        let mut bytes = Vec::new();
        Array1::<f64>::zeros(1 << 20).write_npy(&mut bytes).unwrap();
        let (_dir, mut npz) = archive_of(&bytes);
        assert!(message(npz.array::<f64>("a")).contains("more than 4194304"));
    }
}
