//go:build wasip1

// Package export_jackfield_plugin_format is what the generated code calls, and hands on to the SDK.
package export_jackfield_plugin_format

import (
	"runtime"

	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_data"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_flow"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_format"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_streams"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_types"
	wit "github.com/jackfield/jackfield/guest-sdk/go/internal/wit/types"
)

type failure = jackfield_plugin_types.Failure
type schema = jackfield_plugin_types.Schema
type next = jackfield_plugin_flow.Next

// Read is a reader as the SDK has it; no chunk is the end.
type Read interface {
	Schema() (schema, error)
	Next() (*jackfield_plugin_flow.Chunk, error)
	Close()
}

// Write is a writer as the SDK has it.
type Write interface {
	Write(batch *jackfield_plugin_data.Batch) error
	Flush() error
	Finish() error
	Close()
}

// The SDK sets these.
var (
	Candidates func(name string, head []byte) []jackfield_plugin_format.Candidate
	OpenReader func(format, options string, input *jackfield_plugin_streams.Source, demand jackfield_plugin_types.Demand) (Read, error)
	OpenWriter func(format, options string, schema schema, output *jackfield_plugin_streams.Sink) (Write, error)
	Failure    func(err error) failure
)

// Detect is asked about a file.
func Detect(name wit.Option[string], head []uint8) []jackfield_plugin_format.Candidate {
	return Candidates(name.SomeOr(""), head)
}

// Reader has the two fields that the generated code uses.
type Reader struct {
	pinner runtime.Pinner
	handle int32
	read   Read
}

// OnDrop is called when the host gives the reader back.
func (self *Reader) OnDrop() { self.read.Close() }

// MakeReader is the constructor.
func MakeReader(format string, options string, input *jackfield_plugin_streams.Source, demand jackfield_plugin_types.Demand) wit.Result[*Reader, failure] {
	read, err := OpenReader(format, options, input, demand)
	if err != nil {
		return wit.Err[*Reader, failure](Failure(err))
	}
	return wit.Ok[*Reader, failure](&Reader{read: read})
}

// Schema is the complete schema.
func (self *Reader) Schema() wit.Result[schema, failure] {
	found, err := self.read.Schema()
	if err != nil {
		return wit.Err[schema, failure](Failure(err))
	}
	return wit.Ok[schema, failure](found)
}

// Next gives a chunk.
func (self *Reader) Next() wit.Result[next, failure] {
	chunk, err := self.read.Next()
	switch {
	case err != nil:
		return wit.Err[next, failure](Failure(err))
	case chunk == nil:
		return wit.Ok[next, failure](jackfield_plugin_flow.MakeNextEnd())
	default:
		return wit.Ok[next, failure](jackfield_plugin_flow.MakeNextChunk(*chunk))
	}
}

// Writer has the two fields that the generated code uses.
type Writer struct {
	pinner runtime.Pinner
	handle int32
	write  Write
}

// OnDrop is called when the host gives the writer back.
func (self *Writer) OnDrop() { self.write.Close() }

// MakeWriter is the constructor.
func MakeWriter(format string, options string, columns schema, output *jackfield_plugin_streams.Sink) wit.Result[*Writer, failure] {
	write, err := OpenWriter(format, options, columns, output)
	if err != nil {
		return wit.Err[*Writer, failure](Failure(err))
	}
	return wit.Ok[*Writer, failure](&Writer{write: write})
}

func done(err error) wit.Result[wit.Unit, failure] {
	if err != nil {
		return wit.Err[wit.Unit, failure](Failure(err))
	}
	return wit.Ok[wit.Unit, failure](wit.Unit{})
}

// Write takes rows.
func (self *Writer) Write(input *jackfield_plugin_data.Batch) wit.Result[wit.Unit, failure] {
	return done(self.write.Write(input))
}

// Flush hands on what can be.
func (self *Writer) Flush() wit.Result[wit.Unit, failure] { return done(self.write.Flush()) }

// Finish writes the end.
func (self *Writer) Finish() wit.Result[wit.Unit, failure] { return done(self.write.Finish()) }
