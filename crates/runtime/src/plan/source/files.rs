//! Looks into the files of a source: how they are compressed, what they hold, and whether they hold anything.

use arrow::datatypes::SchemaRef;
use jackfield_host::{ByteSource, Demand, FormatReader, Next};
use jackfield_manifest::{Source, Value, to_json};

use super::{CodecChoice, RECORD_BYTES, SourceFile, everything, open_plain};
use crate::diagnose::{Class, Diagnosis, ProblemExt, decoding_problems, failure_problem, problem};
use crate::exec::decode::{Trouble, spawn_decoder};
use crate::loader::LoadedPlugin;
use crate::plan::paths::Input;
use crate::plan::{Planner, Why, detect, params};

impl SourceFile {
    /// The file's bytes as its format reads them; what goes wrong in a decoder is told there.
    pub(crate) fn open(&self, trouble: &Trouble) -> Result<ByteSource, Diagnosis> {
        self.decoded(open_plain(&self.input)?, trouble)
    }

    /// The same of a file that has been begun.
    pub(super) fn decoded(&self, plain: ByteSource, trouble: &Trouble) -> Result<ByteSource, Diagnosis> {
        trouble.count_with(plain.counter());
        match &self.codec {
            Some(codec) => spawn_decoder(codec, plain, self.input.shown(), trouble),
            None => Ok(plain),
        }
    }
}

impl Planner<'_> {
    /// The schema of a further file of a source, as it would be if the file stood alone.
    pub(super) async fn schema_of(
        &mut self,
        source: &Source,
        plugin: &LoadedPlugin,
        format: &str,
        options: &str,
        file: &SourceFile,
    ) -> Result<SchemaRef, Vec<Diagnosis>> {
        let name = source.name.as_str();
        let trouble = Trouble::default();
        let what = format!("source.{name}: {}", file.input.shown());
        let bytes = file.open(&trouble).map_err(|d| vec![d])?;
        let failed = |error| trouble.instead_of(decoding_problems(error, &what, &plugin.installed));
        let store = self.store(name, &plugin.installed, &plugin.limits);
        let opened = FormatReader::open(&plugin.component, store, format, options, bytes, everything()).await;
        opened.map_err(failed)?.schema().await.map_err(failed)
    }

    /// Whether a file holds no rows.
    pub(super) async fn is_empty(
        &mut self,
        source: &Source,
        plugin: &LoadedPlugin,
        format: &str,
        options: &str,
        file: &SourceFile,
    ) -> Result<bool, Vec<Diagnosis>> {
        // Standard input cannot be read again, and is taken as it is.
        if matches!(file.input, Input::Stdin) {
            return Ok(false);
        }
        let bytes = file.open(&Trouble::default()).map_err(|d| vec![d])?;
        let store = self.store(source.name.as_str(), &plugin.installed, &plugin.limits);
        let demand = Demand { columns: Some(Vec::new()), limit: Some(1), batch_rows: 1, ..everything() };
        let Ok(mut reader) = FormatReader::open(&plugin.component, store, format, options, bytes, demand).await else {
            return Ok(false);
        };
        if reader.schema().await.is_err() {
            return Ok(false);
        }
        loop {
            // What is wrong with the file is told when it is read.
            match reader.next().await {
                Ok(Next::Chunk(chunk)) if chunk.batch.rows() == 0 && chunk.bad.is_empty() => {}
                Ok(Next::End) => return Ok(true),
                _ => return Ok(false),
            }
        }
    }

    /// The codec of one file. Of stdin, what was read to find it out comes back as a source that still holds it.
    pub(super) async fn source_file(
        &mut self,
        source: &Source,
        input: &Input,
    ) -> Result<(SourceFile, Option<ByteSource>), Vec<Diagnosis>> {
        let name = source.name.as_str();
        let mut bytes = open_plain(input).map_err(|d| vec![d])?;
        if matches!(input, Input::Stdin) {
            bytes.record(RECORD_BYTES);
        }
        let head = bytes.head(detect::HEAD_BYTES).await.map_err(|f| vec![failure_problem(f, input.shown())])?;
        let codec = detect::codec(self, source.codec.as_deref(), input.shown(), &head);
        let codec = codec.map_err(|d| vec![self.at(d, &["source", name, "codec"])])?;
        let kept = matches!(input, Input::Stdin).then_some(bytes);
        let Some(codec) = codec else {
            let partition = Vec::new();
            let file = SourceFile { input: input.clone(), codec: None, codec_why: Why::Asked, schema: None, partition };
            return Ok((file, kept));
        };
        let codec_why = match (&source.codec, self.registry.codec_by_magic(&head, Some(&codec))) {
            (Some(_), _) => Why::Asked,
            (None, Some(_)) => Why::Content(String::new()),
            (None, None) => Why::Name,
        };
        let choice = self.codec_choice(name, "source", &codec, &source.codec_options).await?;
        let partition = Vec::new();
        Ok((SourceFile { input: input.clone(), codec: Some(choice), codec_why, schema: None, partition }, kept))
    }

    /// A codec with its options checked.
    pub(crate) async fn codec_choice(
        &mut self,
        stage: &str,
        kind: &str,
        codec: &str,
        options: &jackfield_manifest::Table,
    ) -> Result<CodecChoice, Vec<Diagnosis>> {
        let registry = self.registry.clone();
        let (installed, declared) = registry.codec(codec).map_err(|unknown| {
            let unknown =
                problem("unknown-codec", format!("there is no codec `{codec}`")).with_help(unknown.help("codec"));
            vec![unknown.class(Class::Configuration)]
        })?;
        let value = to_json(&Value::Table(options.clone()), declared.options.as_ref());
        let path = [kind, stage, "codec-options"];
        let wrong = params::validate(self.document(), &path, &value, declared.options.as_ref());
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let plugin = self.ready(&installed).await?;
        let place = [kind, stage, "codec"];
        self.use_plugin(&installed, &place);
        self.deprecated(&format!("codec {}", declared.id), &declared.deprecated, &place);
        let store = self.store(stage, &plugin.installed, &plugin.limits);
        Ok(CodecChoice { plugin, codec: declared.id.clone(), options: value.to_string(), store })
    }
}
