//go:build wasip1 && jackfield_codec

package jackfield

import (
	"errors"
	"io"

	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/exports/export_jackfield_plugin_codec"
	_ "github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/exports/wit_exports_codec"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_streams"
)

// The most that is handed out at a time, whatever the host asks for.
const mostBytes = 1 << 20

func init() {
	export_jackfield_plugin_codec.Failure = giveFailure
	export_jackfield_plugin_codec.OpenDecoder = func(id, options string, input *jackfield_plugin_streams.Source) (export_jackfield_plugin_codec.Decode, error) {
		codec, known := codecs[id]
		if !known || codec.Decoder == nil {
			return nil, Fail(Internal, "unknown-codec", "the component has no codec `%s` that decodes", id)
		}
		reader, err := codec.Decoder(Options(options), &source{stream: input})
		if err != nil {
			return nil, err
		}
		return &exportedDecoder{reader: reader, input: input}, nil
	}
	export_jackfield_plugin_codec.OpenEncoder = func(id, options string, output *jackfield_plugin_streams.Sink) (export_jackfield_plugin_codec.Encode, error) {
		codec, known := codecs[id]
		if !known || codec.Encoder == nil {
			return nil, Fail(Internal, "unknown-codec", "the component has no codec `%s` that encodes", id)
		}
		to := &sink{stream: output}
		writer, err := codec.Encoder(Options(options), to)
		if err != nil {
			return nil, err
		}
		return &exportedEncoder{writer: writer, to: to}, nil
	}
}

type exportedDecoder struct {
	reader io.Reader
	input  *jackfield_plugin_streams.Source
	// The error that came beside bytes, for the next call.
	err error
}

func (d *exportedDecoder) Read(most int) ([]byte, error) {
	buffer := make([]byte, min(most, mostBytes))
	for {
		count, err := 0, d.err
		if err == nil {
			count, err = d.reader.Read(buffer)
		}
		switch {
		case count > 0:
			d.err = err
			return buffer[:count], nil
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		}
	}
}

func (d *exportedDecoder) Close() { d.input.Drop() }

type exportedEncoder struct {
	writer   io.WriteCloser
	to       *sink
	finished bool
}

func (e *exportedEncoder) Write(data []byte) error {
	_, err := e.writer.Write(data)
	return err
}

func (e *exportedEncoder) Flush() error {
	if flusher, ok := e.writer.(interface{ Flush() error }); ok {
		if err := flusher.Flush(); err != nil {
			return err
		}
	}
	return e.to.flush()
}

func (e *exportedEncoder) Finish() error {
	if !e.finished {
		e.finished = true
		if err := e.writer.Close(); err != nil {
			return err
		}
	}
	return e.to.flush()
}

func (e *exportedEncoder) Close() { e.to.stream.Drop() }
