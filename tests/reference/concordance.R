# Cohen's kappa, simple and weighted, and its standard error, by base R.
#
# Base R has no function for it, and the packages that have (psych, vcd, irr) are
# not used: kappa is computed from its definition over all pairs of patients'
# ratings, and its standard error by the delta method with a numerical gradient
# over the cells of the multinomial, without the formula of Fleiss, Cohen and
# Everitt. Writes concordance.csv to the folder given as first argument (default:
# that of this script). Knows nothing of onearm.
#
#   Rscript concordance.R [folder]

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here

credit <- function(i, j, k, weights) switch(weights,
  none = as.numeric(i == j),
  linear = 1 - abs(i - j) / (k - 1),
  quadratic = 1 - ((i - j) / (k - 1))^2)

# The expected agreement: every patient's first rating against every patient's second.
kappa_of <- function(share, weights) {
  k <- nrow(share)
  at <- expand.grid(i = seq_len(k), j = seq_len(k))
  w <- credit(at$i, at$j, k, weights)
  observed <- sum(w * share[cbind(at$i, at$j)])
  first <- vapply(seq_len(k), function(i) sum(share[i, ]), 0)
  second <- vapply(seq_len(k), function(j) sum(share[, j]), 0)
  expected <- sum(w * first[at$i] * second[at$j])
  (observed - expected) / (1 - expected)
}

error_of <- function(share, n, weights) {
  step <- 1e-5
  gradient <- vapply(seq_along(share), function(cell) {
    moved <- function(by) { share[cell] <- share[cell] + by; kappa_of(share, weights) }
    # Differences of fourth order.
    (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step)
  }, 0)
  p <- as.vector(share)
  variance <- (sum(p * gradient^2) - sum(p * gradient)^2) / n
  if (variance < 1e-12) 0 else sqrt(variance)  # full agreement leaves a rounding error
}

tables <- list(
  skin = c(10, 4, 1, 0, 5, 10, 12, 2, 2, 4, 12, 5, 0, 2, 6, 13),
  radiology = c(21, 12, 0, 0, 4, 17, 1, 0, 3, 9, 15, 2, 0, 0, 0, 1),
  two = c(20, 5, 10, 15),
  opposite = c(1, 9, 8, 2),
  responses = c(1, 1, 0, 0, 0, 0, 8, 2, 0, 0, 0, 1, 10, 1, 1, 0, 0, 1, 4, 0, 0, 0, 0, 1, 0))
suppressWarnings(RNGversion("4.0.0"))
set.seed(20221101)
for (i in 1:40) {
  k <- sample(2:5, 1)
  cells <- diag(sample(1:9, k, replace = TRUE)) + matrix(rpois(k * k, sample(c(0.3, 1, 4), 1)), k)
  tables[[sprintf("random-%02d", i)]] <- as.vector(t(cells))
}

rows <- do.call(rbind, Map(function(name, cells) {
  k <- sqrt(length(cells))
  share <- matrix(cells, k, byrow = TRUE) / sum(cells)
  do.call(rbind, lapply(c("none", "linear", "quadratic"), function(weights)
    data.frame(table = name, counts = paste(cells, collapse = " "), weights = weights,
               kappa = kappa_of(share, weights), std_error = error_of(share, sum(cells), weights))))
}, names(tables), tables))
for (column in c("kappa", "std_error")) rows[[column]] <- sprintf("%.17g", rows[[column]])
file <- file(file.path(target, "concordance.csv"), "w")
writeLines(sprintf("# %s; concordance.R", R.version.string), file)
write.csv(rows, file, row.names = FALSE, quote = FALSE)
close(file)
