# The one-sample log-rank test of a trial's primary endpoint by R's survival package.
#
# Takes nct07083375.csv from the folder of this script; writes primary.csv to the folder given as
# first argument (default: the same). survdiff with an offset, the survival under the historical
# curve at each patient's time, gives observed, expected and chi-square = (O - E)^2 / E; the limits
# of O / E are those of poisson.test. Knows nothing of onearm.
#
#   Rscript primary.R [folder]

suppressPackageStartupMessages(library(survival))

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here

trial <- read.csv(file.path(here, "nct07083375.csv"), comment.char = "#")
MONTH <- 365.25 / 12
hypotheses <- list(
  list(name = "median-5.5-months", scale = 5.5 * MONTH / log(2), shape = 1),
  list(name = "median-4-months", scale = 4 * MONTH / log(2), shape = 1),
  list(name = "weibull-rate-0.3-at-9-months-shape-1.2",
       scale = 9 * MONTH / (-log(0.3))^(1 / 1.2), shape = 1.2)
)
rows <- do.call(rbind, lapply(hypotheses, function(one) {
  alive <- exp(-(trial$pfs_days / one$scale)^one$shape)
  test <- survdiff(Surv(pfs_days, pfs_event) ~ offset(alive), data = trial)
  o <- test$obs; e <- test$exp
  wu <- (e - o) / sqrt((o + e) / 2)
  limits <- poisson.test(o, e)$conf.int
  z <- sign(e - o) * sqrt(test$chisq)
  data.frame(name = one$name, n = nrow(trial), events = o, expected = e, z = z,
             p_value = pnorm(z, lower.tail = FALSE), z_wu = wu,
             p_value_wu = pnorm(wu, lower.tail = FALSE), lower = limits[1], upper = limits[2],
             critical_05 = qnorm(0.95))
}))
numbers <- vapply(rows, is.numeric, TRUE)
rows[numbers] <- lapply(rows[numbers], function(x) sprintf("%.17g", x))
file <- file(file.path(target, "primary.csv"), "w")
writeLines(sprintf("# %s; survival %s; primary.R", R.version.string,
                   packageVersion("survival")), file)
write.csv(rows, file, row.names = FALSE, quote = FALSE)
close(file)
