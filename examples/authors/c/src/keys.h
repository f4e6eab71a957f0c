// Phonetic keys of words. Knows nothing of Jackfield, so it is tested by itself.
#ifndef KEYS_H
#define KEYS_H
#include <stddef.h>

#define KEY_MOST 32

// The ASCII letters of a text as a key of at most `length` characters; gives how many there are.
size_t soundex(const char *text, size_t bytes, size_t length, char key[KEY_MOST]);
size_t metaphone(const char *text, size_t bytes, size_t length, char key[KEY_MOST]);

#endif
