# Cumulative incidence with competing risks by R's survival and cmprsk.
#
# Writes competing_risks_data.csv and competing_risks.csv to the folder given as first
# argument (default: that of this script). Knows nothing of onearm.
#
#   Rscript competing_risks.R [folder]

suppressPackageStartupMessages({library(survival); library(cmprsk)})

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here

digits17 <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))

save_table <- function(rows, name) {
  numbers <- vapply(rows, is.numeric, TRUE)
  rows[numbers] <- lapply(rows[numbers], digits17)
  file <- file(file.path(target, name), "w")
  writeLines(sprintf("# %s; survival %s, cmprsk %s; competing_risks.R", R.version.string,
                     packageVersion("survival"), packageVersion("cmprsk")), file)
  write.csv(rows, file, row.names = FALSE, quote = FALSE)
  close(file)
}

# cause: 0 censored, 1 of interest, 2 competing.
mgus <- mgus2[1:120, ]
mgus_time <- with(mgus, ifelse(pstat == 1, ptime, futime))
mgus_cause <- with(mgus, ifelse(pstat == 1, 1, 2 * death))
sets <- list(
  mgus2 = list(mgus_time, mgus_cause),
  by_hand = list(c(1, 2, 3, 4), c(1, 2, 1, 0)),
  both_causes_at_once = list(c(1, 1, 2, 2, 2, 3, 4), c(1, 2, 1, 1, 2, 0, 0)),
  last_is_event = list(c(2, 3, 5, 7), c(2, 1, 2, 1)),
  last_is_competing = list(c(2, 3, 5, 7), c(1, 0, 1, 2)),
  one_cause_only = list(c(1, 2, 3, 4, 5), c(1, 1, 0, 1, 0)),
  competing_first = list(c(1, 1, 2, 6), c(2, 2, 1, 0)))
suppressWarnings(RNGversion("4.0.0"))
set.seed(20221101)
for (i in 1:60) {
  n <- sample(c(6, 12, 30), 1)
  cause <- sample(0:2, n, replace = TRUE, prob = c(0.3, 0.4, 0.3))
  cause[1:2] <- 1:2
  sets[[sprintf("random-%02d", i)]] <- list(sample(1:sample(c(5, 15, 60), 1), n, replace = TRUE), cause)
}

data <- do.call(rbind, Map(function(name, s)
  data.frame(dataset = name, time = s[[1]], cause = s[[2]]), names(sets), sets))
save_table(data, "competing_risks_data.csv")

rows <- do.call(rbind, Map(function(name, s) {
  time <- s[[1]]; cause <- s[[2]]
  status <- factor(cause, 0:2, c("censored", "interest", "competing"))
  fit <- survfit(Surv(time, status) ~ 1, conf.type = "log-log")
  at <- which(fit$states == "interest")
  grays <- cuminc(time, cause)[["1 1"]]
  found <- timepoints(list("1 1" = grays), fit$time)
  data.frame(dataset = name, time = fit$time, incidence = fit$pstate[, at],
             std_error_r = fit$std.err[, at], lower_r = fit$lower[, at], upper_r = fit$upper[, at],
             incidence_cmprsk = as.numeric(found$est), variance_cmprsk = as.numeric(found$var))
}, names(sets), sets))
save_table(rows, "competing_risks.csv")
