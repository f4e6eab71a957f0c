//go:build wasip1 && (jackfield_codec || jackfield_format)

package jackfield

import (
	"io"

	"github.com/jackfield/jackfield/guest-sdk/go/internal/bindings/imports/jackfield_plugin_streams"
)

// Bytes that are asked of the host at a time.
const pieceBytes = 256 << 10

// source is the host's stream as an io.Reader.
type source struct {
	stream *jackfield_plugin_streams.Source
	piece  []byte
	ended  bool
}

func (s *source) Read(buffer []byte) (int, error) {
	for len(s.piece) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		piece, err := settled(s.stream.Read(pieceBytes))
		if err != nil {
			return 0, err
		}
		switch piece.Tag() {
		case jackfield_plugin_streams.Piece_Data:
			s.piece = piece.Data()
		case jackfield_plugin_streams.Piece_Pause:
			return 0, Fail(Unavailable, "nothing-now", "the input has nothing now")
		default:
			s.ended = true
		}
	}
	count := copy(buffer, s.piece)
	s.piece = s.piece[count:]
	return count, nil
}

// sink is the host's stream as an io.Writer.
type sink struct {
	stream *jackfield_plugin_streams.Sink
}

func (s *sink) Write(bytes []byte) (int, error) {
	for at := 0; at < len(bytes); at += pieceBytes {
		if _, err := settled(s.stream.Write(bytes[at:min(at+pieceBytes, len(bytes))])); err != nil {
			return at, err
		}
	}
	return len(bytes), nil
}

// Position is how many bytes were there before: an appended file needs no second header.
func (s *sink) Position() uint64 { return s.stream.Position() }

func (s *sink) flush() error {
	_, err := settled(s.stream.Flush())
	return err
}
