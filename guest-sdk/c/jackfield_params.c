// Reads values out of a JSON object that the host has validated: no parser of documents, only the way to a key.
#include "jackfield.h"
#include "jackfield_host.h"

#include <stdlib.h>
#include <string.h>

static const char *blanks(const char *at) {
  while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') at++;
  return at;
}

// Behind a text that begins at its quote.
static const char *text_end(const char *at) {
  for (at++; *at != '\0' && *at != '"'; at++)
    if (*at == '\\' && at[1] != '\0') at++;
  return *at == '"' ? at + 1 : at;
}

// Behind any value. Brackets nest, and stand for nothing inside texts.
static const char *value_end(const char *at) {
  int open = 0;
  for (at = blanks(at); *at != '\0';) {
    if (*at == '"') at = text_end(at);
    else if (*at == '{' || *at == '[') open++, at++;
    else if (*at == '}' || *at == ']') {
      if (open == 0) return at;
      open--, at++;
    } else if (open == 0 && *at == ',') return at;
    else at++;
    if (open == 0 && (*at == ',' || *at == '}' || *at == ']' || *at == '\0')) return at;
  }
  return at;
}

static unsigned hex4(const char *at) {
  char digits[5] = {0};
  memcpy(digits, at, 4);
  return (unsigned)strtoul(digits, NULL, 16);
}

static size_t put_utf8(char *out, unsigned c) {
  if (c < 0x80) return out[0] = (char)c, 1;
  if (c < 0x800) return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
  if (c < 0x10000)
    return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)), out[2] = (char)(0x80 | (c & 63)), 3;
  out[0] = (char)(0xf0 | c >> 18);
  out[1] = (char)(0x80 | (c >> 12 & 63));
  out[2] = (char)(0x80 | (c >> 6 & 63));
  out[3] = (char)(0x80 | (c & 63));
  return 4;
}

// The text that begins at a quote, without its escapes.
static char *unescaped(const char *at) {
  const char *end = text_end(at);
  char *text = jf_scratch((size_t)(end - at) + 1);
  size_t length = 0;
  for (at++; at < end - 1; at++) {
    if (*at != '\\') {
      text[length++] = *at;
      continue;
    }
    switch (*++at) {
      case 'n': text[length++] = '\n'; break;
      case 't': text[length++] = '\t'; break;
      case 'r': text[length++] = '\r'; break;
      case 'b': text[length++] = '\b'; break;
      case 'f': text[length++] = '\f'; break;
      case 'u': {
        if (end - at < 6) return text;
        unsigned c = hex4(at + 1);
        at += 4;
        if (c >= 0xd800 && c < 0xdc00 && at[1] == '\\' && at[2] == 'u') {
          c = 0x10000 + ((c - 0xd800) << 10) + (hex4(at + 3) - 0xdc00);
          at += 6;
        }
        length += put_utf8(text + length, c);
        break;
      }
      default: text[length++] = *at;
    }
  }
  return text;
}

static const char *find(jf_params params, const char *key) {
  if (params.json == NULL) return NULL;
  const char *at = blanks(params.json);
  if (*at != '{') return NULL;
  for (at = blanks(at + 1); *at == '"';) {
    bool found = strcmp(unescaped(at), key) == 0;
    at = blanks(text_end(at));
    if (*at != ':') return NULL;
    at = blanks(at + 1);
    if (found) return strncmp(at, "null", 4) == 0 ? NULL : at;
    at = blanks(value_end(at));
    if (*at == ',') at = blanks(at + 1);
  }
  return NULL;
}

bool jf_has(jf_params params, const char *key) { return find(params, key) != NULL; }

const char *jf_param_text(jf_params params, const char *key, const char *otherwise) {
  const char *at = find(params, key);
  return at != NULL && *at == '"' ? unescaped(at) : otherwise;
}

int64_t jf_param_int(jf_params params, const char *key, int64_t otherwise) {
  const char *at = find(params, key);
  return at != NULL ? strtoll(at, NULL, 10) : otherwise;
}

double jf_param_float(jf_params params, const char *key, double otherwise) {
  const char *at = find(params, key);
  return at != NULL ? strtod(at, NULL) : otherwise;
}

bool jf_param_bool(jf_params params, const char *key, bool otherwise) {
  const char *at = find(params, key);
  return at != NULL ? *at == 't' : otherwise;
}

static const char *item(jf_params params, const char *key, size_t index, size_t *count) {
  const char *at = find(params, key);
  *count = 0;
  if (at == NULL || *at != '[') return NULL;
  const char *wanted = NULL;
  for (at = blanks(at + 1); *at != ']' && *at != '\0';) {
    if (*count == index) wanted = at;
    ++*count;
    at = blanks(value_end(at));
    if (*at == ',') at = blanks(at + 1);
  }
  return wanted;
}

size_t jf_param_count(jf_params params, const char *key) {
  size_t count;
  item(params, key, SIZE_MAX, &count);
  return count;
}

const char *jf_param_text_at(jf_params params, const char *key, size_t index) {
  size_t count;
  const char *at = item(params, key, index, &count);
  return at != NULL && *at == '"' ? unescaped(at) : NULL;
}

const char *jf_param_key_at(jf_params params, const char *key, size_t index) {
  const char *at = find(params, key);
  if (at == NULL || *at != '{') return NULL;
  for (at = blanks(at + 1); *at == '"';) {
    if (index-- == 0) return unescaped(at);
    at = blanks(text_end(at));
    if (*at != ':') return NULL;
    at = blanks(value_end(at + 1));
    if (*at == ',') at = blanks(at + 1);
  }
  return NULL;
}
