/* Windows' own source of random bytes, which Rust's standard library takes its hash maps' keys from and which wine 8 lacks. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size) {
    return RtlGenRandom(bytes, size);
}
