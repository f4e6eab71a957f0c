package keys

import "testing"

func TestKeys(t *testing.T) {
	for _, test := range []struct{ word, soundex, metaphone string }{
		{"Robert", "R163", "RBRT"},
		{"Ashcraft", "A261", "AXKR"},
		{"Tymczak", "T522", "TMKS"},
		{"Pfister", "P236", "PFST"},
		{"Xavier", "X160", "SFR"},
		{"", "", ""},
		{"日本", "", ""},
	} {
		if key := string(Soundex(nil, []byte(test.word), 4)); key != test.soundex {
			t.Errorf("soundex of %s is %s, not %s", test.word, key, test.soundex)
		}
		if key := string(Metaphone(nil, []byte(test.word), 4)); key != test.metaphone {
			t.Errorf("metaphone of %s is %s, not %s", test.word, key, test.metaphone)
		}
	}
}
