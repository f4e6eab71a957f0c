//go:build wasip1

// Package export_jackfield_plugin_codec is what the generated code calls, and hands on to the SDK.
package export_jackfield_plugin_codec

import (
	"runtime"

	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_streams"
	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_types"
	wit "github.com/jackfield/jackfield/guest-sdk/go/internal/wit/types"
)

type failure = jackfield_plugin_types.Failure
type piece = jackfield_plugin_streams.Piece

// Decode is a decoder as the SDK has it: at most max bytes, none at the end.
type Decode interface {
	Read(max int) ([]byte, error)
	Close()
}

// Encode is an encoder as the SDK has it.
type Encode interface {
	Write(data []byte) error
	Flush() error
	Finish() error
	Close()
}

// The SDK sets these.
var (
	OpenDecoder func(codec, options string, input *jackfield_plugin_streams.Source) (Decode, error)
	OpenEncoder func(codec, options string, output *jackfield_plugin_streams.Sink) (Encode, error)
	Failure     func(err error) failure
)

// Decoder has the two fields that the generated code uses.
type Decoder struct {
	pinner runtime.Pinner
	handle int32
	decode Decode
}

// OnDrop is called when the host gives the decoder back.
func (self *Decoder) OnDrop() { self.decode.Close() }

// MakeDecoder is the constructor.
func MakeDecoder(codec string, options string, input *jackfield_plugin_streams.Source) wit.Result[*Decoder, failure] {
	decode, err := OpenDecoder(codec, options, input)
	if err != nil {
		return wit.Err[*Decoder, failure](Failure(err))
	}
	return wit.Ok[*Decoder, failure](&Decoder{decode: decode})
}

// Read gives a piece.
func (self *Decoder) Read(max uint32) wit.Result[piece, failure] {
	data, err := self.decode.Read(int(max))
	switch {
	case err != nil:
		return wit.Err[piece, failure](Failure(err))
	case len(data) == 0:
		return wit.Ok[piece, failure](jackfield_plugin_streams.MakePieceEnd())
	default:
		return wit.Ok[piece, failure](jackfield_plugin_streams.MakePieceData(data))
	}
}

// Encoder has the two fields that the generated code uses.
type Encoder struct {
	pinner runtime.Pinner
	handle int32
	encode Encode
}

// OnDrop is called when the host gives the encoder back.
func (self *Encoder) OnDrop() { self.encode.Close() }

// MakeEncoder is the constructor.
func MakeEncoder(codec string, options string, output *jackfield_plugin_streams.Sink) wit.Result[*Encoder, failure] {
	encode, err := OpenEncoder(codec, options, output)
	if err != nil {
		return wit.Err[*Encoder, failure](Failure(err))
	}
	return wit.Ok[*Encoder, failure](&Encoder{encode: encode})
}

func done(err error) wit.Result[wit.Unit, failure] {
	if err != nil {
		return wit.Err[wit.Unit, failure](Failure(err))
	}
	return wit.Ok[wit.Unit, failure](wit.Unit{})
}

// Write takes bytes.
func (self *Encoder) Write(data []uint8) wit.Result[wit.Unit, failure] {
	return done(self.encode.Write(data))
}

// Flush hands on what can be.
func (self *Encoder) Flush() wit.Result[wit.Unit, failure] { return done(self.encode.Flush()) }

// Finish writes the end.
func (self *Encoder) Finish() wit.Result[wit.Unit, failure] { return done(self.encode.Finish()) }
