# Two by two tables by fisher.test, areas under the ROC curve by pROC, Holm's procedure.
#
# fisher.test finds its limits by uniroot with a tolerance of 1.2e-4 on the scale of
# min(odds, 1/odds); beside them stand limits and estimate of the same equations, solved
# from the definition of the noncentral hypergeometric distribution to the last digits.
# Writes association_tables.csv, association_areas.csv and association_holm.csv to the
# folder given as first argument (default: that of this script). Knows nothing of onearm.
#
#   Rscript association.R [folder]

suppressPackageStartupMessages(library(pROC))

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here

digits17 <- function(x) ifelse(is.na(x) | is.infinite(x), "", sprintf("%.17g", x))

save_table <- function(rows, name) {
  numbers <- vapply(rows, is.numeric, TRUE)
  rows[numbers] <- lapply(rows[numbers], digits17)
  file <- file(file.path(target, name), "w")
  writeLines(sprintf("# %s; pROC %s; association.R", R.version.string, packageVersion("pROC")), file)
  write.csv(rows, file, row.names = FALSE, quote = FALSE)
  close(file)
}

tables <- list(c(3, 1, 1, 3), c(9, 3, 2, 16), c(0, 5, 4, 3), c(6, 0, 2, 5), c(0, 4, 6, 0),
               c(5, 5, 0, 0), c(1, 0, 0, 1), c(30, 12, 5, 9), c(10, 10, 10, 10), c(2, 10, 15, 3))
suppressWarnings(RNGversion("4.0.0"))
set.seed(20221101)
for (i in 1:60) tables[[length(tables) + 1]] <- rpois(4, sample(c(1, 3, 8, 20), 1))

exact <- function(cells, level) {
  m <- cells[1] + cells[2]; n <- cells[3] + cells[4]; k <- cells[1] + cells[3]
  support <- max(0, k - n):min(k, m)
  density <- dhyper(support, m, n, k, log = TRUE)
  at <- function(log_odds) { p <- exp(density + log_odds * support - max(density + log_odds * support)); p / sum(p) }
  solve <- function(f) exp(uniroot(f, c(-30, 30), tol = 1e-13, maxiter = 1e4, extendInt = "yes")$root)
  tail <- (1 - level) / 2
  x <- cells[1]
  c(if (x == min(support)) 0 else if (x == max(support)) NA else solve(function(l) sum(at(l) * support) - x),
    if (x == min(support)) 0 else solve(function(l) sum(at(l)[support >= x]) - tail),
    if (x == max(support)) NA else solve(function(l) tail - sum(at(l)[support <= x])))
}

rows <- do.call(rbind, lapply(tables, function(cells) do.call(rbind, lapply(c(0.95, 0.9), function(level) {
  found <- fisher.test(matrix(cells, 2, byrow = TRUE), conf.level = level)
  has_ratio <- !is.null(found$estimate) && all(rowSums(matrix(cells, 2)) > 0) && all(colSums(matrix(cells, 2)) > 0)
  sharp <- if (has_ratio) exact(cells, level) else rep(NA, 3)
  data.frame(a = cells[1], b = cells[2], c = cells[3], d = cells[4], level = level,
             p_value = found$p.value,
             estimate_r = if (has_ratio) unname(found$estimate) else NA,
             lower_r = if (has_ratio) found$conf.int[1] else NA,
             upper_r = if (has_ratio) found$conf.int[2] else NA,
             estimate = sharp[1], lower = sharp[2], upper = sharp[3])
}))))
save_table(rows, "association_tables.csv")

areas <- do.call(rbind, lapply(1:40, function(i) {
  n <- sample(c(8, 20, 50), 1)
  event <- rbinom(n, 1, 0.4)
  event[1:4] <- c(0, 1, 0, 1)
  value <- if (i %% 2) round(rnorm(n, event), 1) else sample(1:5, n, replace = TRUE) + event
  found <- roc(event, value, direction = "<", quiet = TRUE)
  limits <- suppressWarnings(as.numeric(ci.auc(found, method = "delong")))
  data.frame(values = paste(sprintf("%.17g", value), collapse = " "),
             events = paste(event, collapse = " "), area = as.numeric(auc(found)),
             variance = suppressWarnings(var(found, method = "delong")),
             lower = limits[1], upper = limits[3])
}))
save_table(areas, "association_areas.csv")

holm <- do.call(rbind, lapply(1:20, function(i) {
  p <- round(runif(sample(1:8, 1), 0, 0.2)^1.5, 4)
  data.frame(p = paste(sprintf("%.17g", p), collapse = " "),
             adjusted = paste(sprintf("%.17g", p.adjust(p, "holm")), collapse = " "))
}))
save_table(holm, "association_holm.csv")
