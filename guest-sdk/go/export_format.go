//go:build wasip1 && jackfield_format

package jackfield

import (
	"errors"
	"io"

	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/exports/export_jackfield_plugin_format"
	_ "github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/exports/wit_exports_format"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_data"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_flow"
	bound "github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_format"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_streams"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_types"
	wit "github.com/jackfield/jackfield/guest-sdk/go/internal/wit/types"
)

func init() {
	export_jackfield_plugin_format.Failure = giveFailure
	export_jackfield_plugin_format.Candidates = func(name string, head []byte) []bound.Candidate {
		var found []bound.Candidate
		for id, format := range formats {
			if format.Detect == nil {
				continue
			}
			if sure := format.Detect(name, head); sure > 0 {
				found = append(found, bound.Candidate{Format: id, Confidence: uint8(min(sure, 100)), Reason: "by its name or its first bytes"})
			}
		}
		return found
	}
	export_jackfield_plugin_format.OpenReader = openReader
	export_jackfield_plugin_format.OpenWriter = openWriter
}

func openReader(id, options string, input *jackfield_plugin_streams.Source, asked jackfield_plugin_types.Demand) (export_jackfield_plugin_format.Read, error) {
	format, known := formats[id]
	if !known || format.Reader == nil {
		return nil, Fail(Internal, "unknown-format", "the component has no format `%s` that reads", id)
	}
	demand := Demand{BatchRows: int(asked.BatchRows)}
	if asked.Columns.IsSome() {
		demand.Columns = append([]string{}, asked.Columns.Some()...)
	}
	// A limit counts rows that satisfy predicates, so beside one it says nothing to a reader that applies none.
	if asked.Limit.IsSome() && len(asked.Predicates) == 0 {
		demand.Limit = asked.Limit.Some()
	}
	reader, err := format.Reader(Options(options), &source{stream: input}, demand)
	if err != nil {
		return nil, err
	}
	return &exportedReader{reader, input}, nil
}

type exportedReader struct {
	reader Reader
	input  *jackfield_plugin_streams.Source
}

func (r *exportedReader) Close() { r.input.Drop() }

func (r *exportedReader) Schema() (jackfield_plugin_types.Schema, error) {
	var schema jackfield_plugin_types.Schema
	fields, err := r.reader.Schema()
	if err != nil {
		return schema, err
	}
	for _, field := range fields {
		tree, err := treeOf(&Type{Name: field.Type}, field.Name)
		if err != nil {
			return schema, err
		}
		schema.Columns = append(schema.Columns, uint32(len(schema.Fields)))
		schema.Fields = below2(schema.Fields, tree)
	}
	return schema, nil
}

func (r *exportedReader) Next() (*jackfield_plugin_flow.Chunk, error) {
	begin()
	defer end()
	chunk, err := r.reader.Next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil && chunk.Batch == nil {
		err = Fail(Internal, "internal", "a chunk without a batch")
	}
	if err == nil {
		err = chunk.Batch.err
	}
	if err != nil {
		return nil, err
	}
	given := &jackfield_plugin_flow.Chunk{
		Batch: chunk.Batch.handle.Share(), FirstRow: chunk.FirstRow, Rows: wit.None[*jackfield_plugin_data.Column](),
	}
	for _, bad := range chunk.Bad {
		row := jackfield_plugin_flow.BadRow{Line: wit.Some(bad.Line), Raw: bad.Raw, Reason: giveFailure(bad.Reason)}
		given.Bad = append(given.Bad, row)
	}
	return given, nil
}

func openWriter(id, options string, schema jackfield_plugin_types.Schema, output *jackfield_plugin_streams.Sink) (export_jackfield_plugin_format.Write, error) {
	format, known := formats[id]
	if !known || format.Writer == nil {
		return nil, Fail(Internal, "unknown-format", "the component has no format `%s` that writes", id)
	}
	input := inputOf("", schema)
	fields := make([]Field, len(input.Columns))
	for i, name := range input.Columns {
		fields[i] = Field{Name: name, Type: input.Types[i].Name}
	}
	to := &sink{stream: output}
	writer, err := format.Writer(Options(options), fields, to)
	if err != nil {
		return nil, err
	}
	return &exportedWriter{writer: writer, to: to, names: input.Columns}, nil
}

type exportedWriter struct {
	writer   Writer
	to       *sink
	names    []string
	finished bool
}

func (w *exportedWriter) Write(input *jackfield_plugin_data.Batch) error {
	begin()
	defer end()
	defer input.Drop()
	return w.writer.Write(&Batch{handle: input, names: w.names})
}

func (w *exportedWriter) Flush() error {
	if flusher, ok := w.writer.(interface{ Flush() error }); ok {
		if err := flusher.Flush(); err != nil {
			return err
		}
	}
	return w.to.flush()
}

func (w *exportedWriter) Finish() error {
	if !w.finished {
		w.finished = true
		if err := w.writer.Close(); err != nil {
			return err
		}
	}
	return w.to.flush()
}

func (w *exportedWriter) Close() { w.to.stream.Drop() }
