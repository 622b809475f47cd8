"""How one would cheat each rule, and the test that tries it; and the fourteen tests that come first."""

from collections.abc import Mapping, Sequence

CHEATS: Mapping[int, Sequence[tuple[str, str]]] = {
    1: (
        (
            "guess numbers of statements, from many addresses",
            "test_r01_strangers_from_many_addresses_have_few_guesses_and_never_lock_the_owner_out",
        ),
        ("learn of a number that exists", "test_r01_wrong_paid_withdrawn_unknown_and_malformed_numbers_answer_alike"),
        ("pay twice, from two browsers", "test_r01_two_guests_cannot_reserve_more_than_is_due"),
    ),
    2: (
        (
            "read on with a session opened before the withdrawal",
            "test_r2_a_withdrawn_consent_ends_the_sessions_that_rest_on_it",
        ),
        ("keep an event stream open", "test_r2_a_withdrawn_consent_closes_the_stream_within_a_second"),
        ("invite without a signed form", "test_r2_an_invitation_without_consent_is_impossible"),
        ("sign an old version of the form", "test_r2_only_the_form_that_is_in_force_is_signed_and_the_link_stays_open"),
        (
            "go on while a new version has not spread yet",
            "test_r2_the_publication_counts_before_any_decision_on_a_patient_has_followed",
        ),
    ),
    3: (
        ("learn from the stream who has what", "test_r3_no_topic_carries_anything_personal_but_the_birth_date"),
        ("have a third party see who reads what", "test_r3_no_page_and_no_style_names_another_host"),
    ),
    4: (
        (
            "send another one's file",
            "test_r4_anothers_file_and_one_that_never_was_are_refused_alike_and_nothing_is_sent",
        ),
        (
            "take a file out of another conversation",
            "test_r4_a_file_that_was_not_sent_in_this_conversation_is_not_there",
        ),
        ("write to whom nobody can read", "test_r4_the_practice_cannot_write_to_whom_nobody_can_read"),
    ),
    5: (
        ("a page that needs a script to say it", "test_r5_the_words_stand_in_the_page_itself_before_the_form"),
        ("a new form that forgets it", "test_r5_each_page_that_sends_to_the_practice_says_what_to_do_in_an_emergency"),
    ),
    6: (
        ("sign with a forged, old or unknown link", "test_r6_a_wrong_secret_an_unknown_link_and_none_answer_alike"),
        ("use the link that a new one replaced", "test_r6_a_new_link_voids_the_old_one"),
        (
            "record a paper with another patient's scan",
            "test_r6_r7_r21_a_paper_is_recorded_with_its_own_patients_scan_only",
        ),
    ),
    7: (
        ("documents of an unfit kind", "test_r7_only_documents_of_a_fitting_kind"),
        ("documents that have run out", "test_r7_no_document_an_expired_one_and_a_revoked_one_stop_access"),
        ("verify and invite alone", "test_r43_who_verified_a_representatives_documents_does_not_invite_them"),
    ),
    8: (
        (
            "guess birth dates at several processes at once",
            "test_r8_several_processes_together_check_no_more_than_three_birth_dates",
        ),
        (
            "a scanner that opens the link",
            "test_r8_looking_at_a_link_consumes_nothing_and_the_third_wrong_birth_date_voids_it",
        ),
        (
            "a link to an address that was changed since",
            "test_r8_another_address_voids_the_invitation_and_another_phone_does_not",
        ),
    ),
    9: (
        ("a password that attackers try first", "test_r9_weak_passwords_are_refused"),
        ("a name that looks like another", "test_r9_a_user_name_like_another_is_taken_and_says_nothing_of_whose"),
    ),
    10: (
        ("the clock's edge", "test_r10_an_invitation_holds_while_now_is_before_issue_plus_thirty_days"),
        ("two tabs at once", "test_r10_two_tabs_submitting_one_invitation_at_once_make_one_account"),
        ("learn of a link whether it ever was one", "test_r10_used_replaced_unknown_and_forged_links_answer_alike"),
    ),
    11: (
        (
            "renew an expired link by using it",
            "test_r11_after_expiry_only_the_practice_issues_another_one_and_may_want_the_form_again",
        ),
        ("ask for another one oneself", "test_r43_a_patient_reaches_the_own_record_and_nothing_of_staffs"),
    ),
    12: (
        (
            "take the invitation of somebody with the same address",
            "test_r12_the_holder_of_the_other_account_cannot_take_the_invitation_with_it",
        ),
        ("guess the code of the desk", "test_r12_the_third_wrong_code_voids_the_link"),
        ("recover over a shared address", "test_r12_recovery_at_a_shared_address_sends_a_notice_but_no_link"),
    ),
    13: (
        ("the edge of business hours", "test_r13_business_hours_are_half_open"),
        ("the change of clocks", "test_r13_the_change_of_clocks_moves_the_instant_but_not_the_date"),
    ),
    14: (
        ("a foreign or waiting result's id", "test_r14_an_absent_a_waiting_and_a_foreign_result_answer_alike"),
        ("approve as who does not take part", "test_r14_only_a_provider_of_the_practice_who_takes_part_releases"),
        (
            "approve another practice's among one's own",
            "test_r14_a_bulk_approval_is_all_or_nothing_and_of_one_practice",
        ),
        ("release what is one's own", "test_r43_nobody_approves_a_result_of_their_own_or_meets_it_in_the_queue"),
    ),
    15: (
        (
            "ask, and see whether something waits",
            "test_r15_an_unreleased_result_shows_beside_the_thread_to_clinical_staff_and_nowhere_else",
        ),
        ("look into the history", "test_r15_the_history_betrays_no_look_at_what_waits"),
    ),
    16: (
        ("a mail after the window has ended", "test_r16_a_window_that_ends_between_event_and_mail_gets_no_mail"),
        ("let in afterwards, told of what was before", "test_r16_who_was_let_in_after_the_event_is_not_told_of_it"),
        (
            "a replay that mails again",
            "test_r16_a_full_replay_of_every_service_sends_no_mail_and_gives_identical_read_models",
        ),
    ),
    17: (
        (
            "see before documents, consent and account are there",
            "test_r17_r7_a_parent_sees_nothing_until_documents_consent_and_account_are_there",
        ),
        ("a grant of fewer scopes that opens more", "test_r20_a_grant_of_fewer_scopes_gives_no_more_in_either_stage"),
    ),
    18: (
        ("a stream that was open before midnight", "test_r18_a_parents_open_stream_closes_at_the_12th_birthday"),
        (
            "find a confidential charge by sums and errors",
            "test_r18_a_charge_marked_late_vanishes_from_everything_a_representative_can_ask",
        ),
        (
            "find a confidential appointment by its id",
            "test_r18_a_confidential_appointment_does_not_exist_for_a_representative",
        ),
        (
            "be on the staff and meet one's teen in a list",
            "test_r18_r43_a_parent_on_the_staff_meets_their_teen_in_no_list_of_the_practice",
        ),
        ("have a birth date corrected", "test_r18_a_corrected_birth_date_acts_from_its_recording"),
        ("name a birthday on 29 February", "test_r18_births_of_29_february_turn_on_1_march_in_years_without_one"),
    ),
    19: (
        ("carry a minor's grant over", "test_r19_nothing_rolls_over_from_minor_to_adult"),
        ("sign a day before the birthday", "test_r19a_opens_only_when_signed_by_both_on_or_after_the_18th_birthday"),
        ("prepare (b) too early", "test_r19b_prepared_in_the_90_days_before_begins_on_the_birthday"),
    ),
    20: (
        ("a form that was opened for another child", "test_r5_r20_two_tabs_acting_for_two_children_cannot_cross"),
        ("a new grant to get round a suspension", "test_r20_a_suspension_holds_against_what_is_granted_while_it_lasts"),
        ("revoke what the patient did not give", "test_r20_the_patient_revokes_only_what_the_patient_gave"),
        (
            "complete a draft after one signer has left",
            "test_r20_r27_unenrolment_between_two_signatures_ends_the_draft",
        ),
        ("read on after a death that has not spread", "test_r20_a_death_at_identity_counts_before_its_event_has_come"),
    ),
    21: (
        ("disclose after the last day", "test_r21_nothing_is_disclosed_after_the_last_local_day"),
        ("extend twice", "test_r21_it_is_extended_by_30_days_once"),
        ("another patient's release", "test_r21_another_patients_release_is_not_found"),
    ),
    22: (
        ("guess tokens", "test_r22_five_tries_a_token_and_ten_wrong_ones_an_account_and_day"),
        ("a token of another address, or an old one", "test_r22_a_token_ends_with_its_address_and_with_the_next_one"),
        ("have another practice issue it", "test_r22_another_practices_desk_issues_no_token"),
    ),
    23: (
        ("guess the answer", "test_r23_the_third_wrong_answer_voids_the_link_and_no_answer_opens_it_then"),
        ("the link twice, in two tabs", "test_r26_two_tabs_with_one_link_choose_one_password"),
    ),
    24: (
        ("ask for others' accounts", "test_r24_anything_wrong_is_answered_alike_and_mails_nobody"),
        ("see by what is written who exists", "test_r23_r24_asking_writes_the_same_whether_or_not_anyone_matches"),
    ),
    25: (
        ("guess the token", "test_r25_the_fifth_wrong_try_ends_a_token_and_front_desk_may_not_issue_one"),
        ("call for a patient of another practice", "test_r25_another_practices_support_finds_nobody"),
        (
            "change an address and issue a token there",
            "test_r43_who_changed_an_address_issues_no_reset_token_within_72_hours",
        ),
    ),
    26: (
        (
            "tell from bodies, headers or times who exists",
            "test_r26_answers_are_alike_in_body_status_and_headers_and_their_times_tell_nothing",
        ),
        ("guess at several processes", "test_r26_ten_answers_a_day_hold_over_several_processes_and_to_the_second"),
        ("lock somebody out", "test_r26_strangers_cannot_lock_out_who_holds_a_token"),
        ("go round the second factor", "test_r26_a_second_factor_is_never_bypassed"),
        ("an older link after a new password", "test_r26_success_ends_every_other_link_and_token"),
    ),
    27: (
        (
            "the dead name, in every spelling and on every route",
            "test_r27_a_dead_user_name_answers_like_none_on_every_route",
        ),
        (
            "leave and come back to old grants",
            "test_r27_an_unenrolled_patient_gives_no_grant_and_those_given_do_not_revive",
        ),
        (
            "leave one practice to be rid of another",
            "test_r27_the_user_name_dies_with_the_last_enrolment_and_never_before",
        ),
    ),
    28: (
        (
            "a forged POST to who is not on the portal",
            "test_r28_a_forged_provider_is_refused_unknown_foreign_and_off_portal_alike",
        ),
        (
            "the same for appointments and refills",
            "test_r28_an_off_portal_provider_is_refused_for_an_appointment_and_a_refill",
        ),
    ),
    29: (
        ("activate twice to mail twice", "test_r29_the_same_activation_tells_once_and_a_new_one_again"),
        ("be told of a provider who left again", "test_r29_nobody_is_told_of_who_left_before_the_telling"),
    ),
    30: (
        ("a PDF with a script, a form, a launch", "test_r30_a_pdf_is_rewritten_without_what_could_run"),
        ("a file that is not what it says", "test_r30_what_is_not_what_it_says_is_refused"),
        ("markup in a result", "test_r30_markup_from_outside_is_shown_as_text"),
        ("a bomb of pixels", "test_r30_a_bomb_of_pixels_is_refused_and_the_largest_page_is_taken"),
    ),
    31: (
        (
            "a failure that leads nowhere",
            "test_r31_r34_every_page_leads_to_help_and_help_and_failures_say_whom_to_call",
        ),
    ),
    32: (
        (
            "move a portal request by phone to lose it",
            "test_r32_a_portal_request_moved_by_phone_stays_in_the_inbox_and_is_updated",
        ),
        ("find what the desk made", "test_r32_what_the_desk_made_is_off_the_portal_until_the_practice_shows_all"),
    ),
    33: (
        ("twenty clicks", "test_r33_twenty_parallel_identical_payments_pay_once"),
        ("twenty tabs", "test_r33_twenty_parallel_different_payments_reserve_what_is_due_once"),
        ("a webhook told again", "test_r33_a_webhook_told_again_and_again_counts_once"),
        ("a webhook of one's own", "test_r33_an_event_that_the_processor_did_not_sign_is_refused"),
        ("pay a cent too much", "test_r33_all_that_is_due_can_be_paid_and_not_a_cent_more"),
        ("read the record as who pays", "test_r33_being_a_guarantor_opens_nothing_else"),
    ),
    34: (("a part that does not answer", "test_r34_a_service_that_does_not_answer_gives_a_page_with_a_way_on"),),
    35: (
        ("canaries in every field", "test_r35_canaries_of_every_personal_field_reach_no_mail"),
        ("a practice whose name is markup", "test_r35_no_mail_names_anything_but_the_practice"),
        ("confirm an address with an old link", "test_r35_a_second_request_voids_the_first"),
        ("have history mailed by importing it", "test_r35_an_import_mailed_nobody"),
    ),
    36: (
        ("a code twice", "test_r36_a_code_counts_once_and_so_does_a_recovery_code"),
        (
            "forge, replay or clone a passkey",
            "test_r36_what_is_forged_replayed_or_cloned_signs_in_nobody_and_all_answer_alike",
        ),
        ("call support to be rid of the factor", "test_r36_support_resets_only_after_announced_24_hours"),
    ),
    37: (
        (
            "ask about the past with what is known now",
            "test_r37_the_past_answer_does_not_change_with_what_is_known_later",
        ),
        ("ask as who is not the patient", "test_r43_a_patient_reaches_the_own_record_and_nothing_of_staffs"),
    ),
    38: (
        ("cancel in the last 24 hours", "test_r38_the_patient_cancels_until_24_hours_before_to_the_second"),
        (
            "accept what was changed meanwhile, or has lapsed",
            "test_r38_a_proposal_is_accepted_before_it_lapses_and_as_it_was_shown",
        ),
        ("refill what is not on the list", "test_r38_a_refill_is_of_the_patients_own_list_or_named"),
        ("go from a state to one that it does not lead to", "test_r38_from_each_state_only_what_the_rules_allow"),
    ),
    39: (
        (
            "guess the code of a transmission",
            "test_r39_two_wrong_codes_leave_the_third_try_and_guesses_at_once_are_three_in_all",
        ),
        ("look without being recorded", "test_r39_a_look_that_cannot_be_recorded_gets_no_answer"),
        (
            "transmit more than one may see",
            "test_r39_a_representatives_link_shows_what_they_may_see_and_ends_with_their_access",
        ),
    ),
    40: (("a page that works by a script only", "test_r40_no_page_but_those_of_passkeys_needs_a_script"),),
    41: (("a text that nobody translated", "test_r41_every_text_is_translated_and_no_translation_is_left_over"),),
    42: (
        ("a teen's recovery link to a parent", "test_r42_a_teens_recovery_link_does_not_go_to_a_parents_address"),
        (
            "an account the day before the birthday",
            "test_r42_under_twelve_by_the_practices_calendar_there_is_no_own_account",
        ),
        (
            "move a teen's account to a parent's address",
            "test_r42_a_teens_account_does_not_move_to_a_representatives_address",
        ),
    ),
    43: (
        ("another practice's, hidden and absent ids", "test_r43_foreign_hidden_and_absent_objects_answer_alike"),
        ("every RPC in every role", "test_r43_each_role_reaches_its_cells_and_no_other"),
        ("settle an objection to oneself", "test_r43_nobody_settles_an_objection_to_themselves_or_of_their_own_child"),
        ("be both of two persons", "test_r43_an_admin_is_made_by_two"),
        ("two admins who end each other", "test_r43_two_admins_who_end_each_other_at_once_leave_one"),
    ),
    44: (
        ("forged ids of records and proposals", "test_r44_forged_ids_find_nothing"),
        ("be both of two persons", "test_r44_two_records_are_joined_by_two_persons_and_parted_by_two_again"),
        ("keep reading the duplicate", "test_r44_nobody_reaches_a_duplicate_and_nothing_is_given_on_it"),
        (
            "let oneself into the record that stays",
            "test_r44_each_account_is_verified_on_its_own_and_nobody_verifies_their_own",
        ),
        (
            "act as staff on what was joined to one's own record",
            "test_r44_nobody_acts_as_staff_on_what_was_joined_to_their_own_record",
        ),
    ),
    45: (
        ("the token of an ended session", "test_r45_the_token_of_an_ended_session_is_refused_everywhere"),
        ("end another one's session", "test_r45_one_account_cannot_end_the_session_of_another"),
        ("an old proof", "test_r45_a_stale_proof_is_refused_and_a_code_renews_it"),
    ),
}
"""Rule → what one would try, and the test in which it fails."""

FIRST: Sequence[tuple[str, str]] = (
    (
        "both birthdays ±1 s in New York and UTC",
        "test_r17_r18_a_parent_sees_all_until_12_and_appointments_and_bills_until_18",
    ),
    ("29 February", "test_r18_births_of_29_february_turn_on_1_march_in_years_without_one"),
    (
        "a parent's open session and event stream at midnight",
        "test_r18_a_parents_open_stream_closes_at_the_12th_birthday",
    ),
    (
        "a teen's confidential charge seen as parent, by balance and by error",
        "test_r18_a_charge_marked_late_vanishes_from_everything_a_representative_can_ask",
    ),
    (
        "a teen's recovery link when the address is shared",
        "test_r42_a_teens_recovery_link_does_not_go_to_a_parents_address",
    ),
    ("two tabs acting for two children", "test_r5_r20_two_tabs_acting_for_two_children_cannot_cross"),
    (
        "asking about an unreleased result",
        "test_r15_an_unreleased_result_shows_beside_the_thread_to_clinical_staff_and_nowhere_else",
    ),
    ("un-enrolment at one of two practices", "test_r27_at_one_of_two_practices_that_one_ends_and_the_other_goes_on"),
    ("an invitation at 30 days ±1 s", "test_r10_an_invitation_holds_while_now_is_before_issue_plus_thirty_days"),
    ("a scanner's GET", "test_r8_looking_at_a_link_consumes_nothing_and_the_third_wrong_birth_date_voids_it"),
    ("an old user name through every route", "test_r27_a_dead_user_name_answers_like_none_on_every_route"),
    ("byte-equal recovery answers", "test_r26_answers_are_byte_equal_whether_or_not_the_account_exists"),
    (
        "a forged POST to an off-portal provider",
        "test_r28_a_forged_provider_is_refused_unknown_foreign_and_off_portal_alike",
    ),
    (
        "a full replay sends no mail and gives identical read models",
        "test_r16_a_full_replay_of_every_service_sends_no_mail_and_gives_identical_read_models",
    ),
)
"""What the rules end with."""
