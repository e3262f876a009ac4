/* Limits of this machine, measured on demand: one request a line on stdin, one answer a line on stdout.
   cc -O3 -march=native -fopenmp limits.c -o limits -lm
     triad N T   a = b + 1.5 c, plain stores, N floats, T threads: seconds
     add N T     a = b + c: seconds
     read N T    the sum of N floats: seconds
     fma T       fused multiply-adds in registers on T threads: GFLOP/s */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float *a, *b, *c;
static size_t held = 0;
static float sink = 0;

/* Wakes the threads, so that a run does not pay for it. */
static void awake(int threads) {
    #pragma omp parallel num_threads(threads)
    { }
}

static void hold(size_t n) {
    if (n <= held) return;
    free(a); free(b); free(c);
    size_t bytes = (n * 4 + 63) / 64 * 64;
    a = aligned_alloc(64, bytes); b = aligned_alloc(64, bytes); c = aligned_alloc(64, bytes);
    #pragma omp parallel for
    for (size_t i = 0; i < n; i++) { a[i] = 1; b[i] = 2; c[i] = 3; }
    held = n;
}

static double triad(size_t n, int threads) {
    double start = omp_get_wtime();
    #pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < n; i++) a[i] = b[i] + 1.5f * c[i];
    return omp_get_wtime() - start;
}

static double add(size_t n, int threads) {
    double start = omp_get_wtime();
    #pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < n; i++) a[i] = b[i] + c[i];
    return omp_get_wtime() - start;
}

#ifdef __AVX512F__
#define WIDTH 64
#else
#define WIDTH 32
#endif
typedef float vec __attribute__((vector_size(WIDTH)));

static double read_all(size_t n, int threads) {
    double start = omp_get_wtime();
    size_t vectors = n / (WIDTH / 4);
    #pragma omp parallel num_threads(threads) reduction(+ : sink)
    {
        vec s[8];
        memset(s, 0, sizeof s);
        const vec *p = (const vec *)b;
        #pragma omp for schedule(static)
        for (size_t i = 0; i < vectors / 8; i++)
            for (int k = 0; k < 8; k++) s[k] += p[8 * i + k];
        for (int k = 0; k < 8; k++) for (int j = 0; j < WIDTH / 4; j++) sink += s[k][j];
    }
    return omp_get_wtime() - start;
}

static double fma_peak(int threads) {
    long rounds = 4000000;
    double start = omp_get_wtime();
    #pragma omp parallel num_threads(threads) reduction(+ : sink)
    {
        vec x[12];
        vec u = (vec){} + 0.999f, v = (vec){} + 0.001f;
        for (int k = 0; k < 12; k++) x[k] = (vec){} + k * 0.01f;
        for (long r = 0; r < rounds; r++) {
            #pragma GCC unroll 12
            for (int k = 0; k < 12; k++) x[k] = x[k] * u + v;
        }
        for (int k = 0; k < 12; k++) sink += x[k][0];
    }
    double seconds = omp_get_wtime() - start;
    return (double)threads * rounds * 12 * (WIDTH / 4) * 2 / seconds / 1e9;
}

int main(void) {
    char what[16];
    size_t n;
    int threads;
    while (scanf("%15s", what) == 1) {
        double answer;
        if (!strcmp(what, "fma")) {
            if (scanf("%d", &threads) != 1) return 2;
            awake(threads);
            answer = fma_peak(threads);
        } else {
            if (scanf("%zu %d", &n, &threads) != 2) return 2;
            hold(n);
            awake(threads);
            if (!strcmp(what, "triad")) answer = triad(n, threads);
            else if (!strcmp(what, "add")) answer = add(n, threads);
            else if (!strcmp(what, "read")) answer = read_all(n, threads);
            else return 2;
        }
        printf("%.9g\n", answer);
        fflush(stdout);
    }
    return sink == 42;
}
