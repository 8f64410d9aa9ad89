"""A script as people write it today: psycopg2, one transaction per form, files moved to done."""
import json
import os
import sys

import psycopg2

PARENT = """insert into application (form_ref, submitted_at, language, kind, given_name, family_name, birth_date,
 email, phone, tax_id, nationality, marital_status, street, house_number, postal_code, city, country, employer,
 occupation, monthly_income, iban, bic, holder, consent, remarks)
 values (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s) returning id"""
CHILD = """insert into dependant (application_id, line_no, given_name, family_name, birth_date, relation)
 values (%s,%s,%s,%s,%s,%s)"""


def main(folder, dsn):
    db = psycopg2.connect(dsn)
    cursor = db.cursor()
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".json"):
            continue
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as f:
            form = json.load(f)
        who, at, job, bank = form["applicant"], form["address"], form["employment"], form["bank"]
        cursor.execute(PARENT, (
            form["meta"]["reference"], form["meta"]["submittedAt"], form["meta"]["language"], form["kind"],
            who["givenName"], who["familyName"], who["birthDate"], who["email"], who["phone"], who["taxId"],
            who["nationality"], who["maritalStatus"], at["street"], at["houseNumber"], at["postalCode"], at["city"],
            at["country"], job["employer"], job["occupation"], job["monthlyIncome"], bank["iban"], bank["bic"],
            bank["holder"], form["consent"], form["remarks"]))
        key = cursor.fetchone()[0]
        for i, d in enumerate(form["dependants"]):
            cursor.execute(CHILD, (key, i + 1, d["givenName"], d["familyName"], d["birthDate"], d["relation"]))
        db.commit()
        os.rename(path, os.path.join(folder, "done", name))


main(sys.argv[1], sys.argv[2])
