// The literal-compression switch and the raw-content prefix are "experimental" only in that they sit behind this
// define; they have been stable since zstd 1.4.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>
