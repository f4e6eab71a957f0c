package main

import (
	"bufio"
	"bytes"
	"io"
	"testing"
)

func TestBytesComeBack(t *testing.T) {
	plain := bytes.Repeat([]byte("Jackfield\x00\xff"), 100)
	var coded bytes.Buffer
	encode := &encoder{output: bufio.NewWriter(&coded)}
	if _, err := encode.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := encode.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := io.ReadAll(&decoder{input: bufio.NewReader(&coded)})
	if err != nil || !bytes.Equal(again, plain) {
		t.Fatalf("%v, %d bytes", err, len(again))
	}
}
