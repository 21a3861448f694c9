# Recomputes results from written analysis data sets, by a route that shares no code with onearm:
# R with haven (XPT), survival (Kaplan-Meier) and stats (Clopper-Pearson).
# Use: Rscript adam.R FOLDER TRANSFORM < /dev/null, prints "id,value".
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
suppressMessages({ library(haven); library(survival) })
adam <- function(name) as.data.frame(read_xpt(file.path(folder, paste0(name, ".xpt"))))
say <- function(id, value) cat(sprintf("%s,%.12g\n", id, value))
adsl <- adam("adsl"); adrs <- adam("adrs"); adtte <- adam("adtte"); adae <- adam("adae")
treated <- adsl$USUBJID[adsl$SAFFL == "Y"]
n <- length(treated)
rate <- function(id, code) {
  yes <- sum(adrs$PARAMCD == code & adrs$AVALC == "Y" & adrs$USUBJID %in% treated)
  ci <- binom.test(yes, n)$conf.int
  say(paste0(id, "/all/count"), yes); say(paste0(id, "/all/total"), n)
  say(paste0(id, "/all/lower"), ci[1]); say(paste0(id, "/all/upper"), ci[2])
}
rate("orr", "CRSP"); rate("dcr", "CCB"); rate("orr.unconfirmed", "BCP"); rate("cbr", "CCBSUS")
curve <- function(id, code) {
  rows <- adtte[adtte$PARAMCD == code & adtte$USUBJID %in% treated, ]
  fit <- survfit(Surv(AVAL, CNSR == 0) ~ 1, data = rows, conf.type = arguments[2])
  found <- quantile(fit, 0.5)
  say(paste0(id, "/all/events"), sum(rows$CNSR == 0)); say(paste0(id, "/all/total"), nrow(rows))
  say(paste0(id, "/all/median"), found$quantile)
  say(paste0(id, "/all/lower"), found$lower); say(paste0(id, "/all/upper"), found$upper)
  if (max(rows$AVAL) >= 6 * 30.4375)
    say(paste0(id, "/all/rate_6_months"), summary(fit, times = 6 * 30.4375)$surv)
}
curve("pfs", "PFS"); curve("os", "OS"); curve("ttr", "TTR"); curve("dor", "RSD")
if (any(adtte$PARAMCD == "IPFS")) curve("ipfs", "IPFS")
curve("pfs.fda", "PFSFDA")
related <- adae[adae$AEREL == "Y" & adae$USUBJID %in% treated, ]
say("trae/all/any_count", length(unique(related$USUBJID)))
say("trae/all/grade_3_count", length(unique(related$USUBJID[related$ATOXGRN >= 3])))
emergent <- adae[adae$TRTEMFL == "Y" & adae$USUBJID %in% treated, ]
say("teae/all/count", length(unique(emergent$USUBJID)))
# The best change: flagged in ADTR, and a mean over subjects to compare with the rows of results.
adtr <- adam("adtr")
best <- adtr[adtr$PARAMCD == "SDIAM" & adtr$ANL02FL == "Y" & adtr$USUBJID %in% treated, ]
for (i in seq_len(nrow(best)))
  say(paste0("best-change/all/subject:", tolower(best$SUBJID[i]), "/estimate"), best$PCHG[i])
adex <- adam("adex")
drug <- tolower(gsub("[^A-Za-z0-9]+", "-", unique(adex$EXTRT[adex$PARAMCD == "DOSINT1"])))
say(paste0("dose-intensity.", drug, "/all/a-week/median"), median(adex$AVAL[adex$PARAMCD == "DOSINT1"]))
if (any(adex$PARAMCD == "RDI1"))
  say(paste0("dose-intensity.", drug, "/all/relative/median"), median(adex$AVAL[adex$PARAMCD == "RDI1"]) / 100)
